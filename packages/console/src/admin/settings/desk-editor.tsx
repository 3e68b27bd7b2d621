import { Button, Card, NumberInput, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { AppRecord } from '@mevrik/protocol';
import { IconPlus } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { formWidth } from '../shared/admin-page.tsx';
import { capitalized } from '../shared/capitalized.ts';
import type { EditedApp } from '../shared/edited-app.ts';
import { SaveBar, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type DispositionDraft, DispositionEditor, draftOf, settingOf } from './disposition-editor.tsx';

const priorities = ['urgent', 'high', 'normal', 'low'] as const;
type Targets = Readonly<Record<(typeof priorities)[number], number | null>>;

/** The defaults of an app without settings of its own. */
const defaultDispositions = ['resolved', 'unresolved', 'duplicate', 'spam'];
const defaultTargets: Targets = { urgent: 5, high: 15, normal: 30, low: 120 };

/** The desk settings of an app: first reply targets and dispositions. */
export function DeskEditor({ app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const queries = useQueryClient();
  const [targets, setTargets] = useState<Targets>(() => ({ ...defaultTargets, ...targetsOf(app) }));
  const [dispositions, setDispositions] = useState<readonly DispositionDraft[]>(() =>
    ((app.settings.dispositions ?? defaultDispositions) as readonly unknown[]).map(draftOf),
  );
  const saving = useSaving(() =>
    guard.saveChanges(async (how) => {
      const settings = { sla: { firstReplyMinutes: targets }, dispositions: dispositions.map(settingOf) };
      await api.rest.admin.changeApp(app.id, { settings }, how);
      await queries.invalidateQueries({ queryKey: ['admin', 'app', String(app.id)] });
      await queries.invalidateQueries({ queryKey: ['apps'] });
    }),
  );
  const change = (at: number, next: DispositionDraft | undefined) =>
    setDispositions(dispositions.flatMap((one, index) => (index === at ? (next ?? []) : one)));
  return (
    <Stack maw={formWidth}>
      <TargetsCard targets={targets} onChange={setTargets} />
      <Card withBorder>
        <Title order={2} mb={4}>
          Outcomes
        </Title>
        <Text size="sm" c="dimmed" mb="md">
          What an agent can choose when closing a case. Each can ask for fields; a case cannot be closed
          without its required fields.
        </Text>
        <Stack gap="sm">
          {dispositions.map((disposition, at) => (
            <DispositionEditor
              key={disposition.id}
              disposition={disposition}
              onChange={(next) => change(at, next)}
              onRemove={() => change(at, undefined)}
            />
          ))}
          <Button
            variant="default"
            leftSection={<IconPlus size={15} />}
            style={{ alignSelf: 'flex-start' }}
            onClick={() => setDispositions([...dispositions, draftOf('')])}
          >
            Add outcome
          </Button>
        </Stack>
      </Card>
      <SaveBar
        guard={guard}
        error={saving.errorText}
        isBusy={saving.busy}
        onSave={saving.save}
        onLoad={onLoad}
      />
    </Stack>
  );
}

function targetsOf({ settings }: AppRecord): Partial<Targets> {
  return (settings.sla as { firstReplyMinutes?: Partial<Targets> } | undefined)?.firstReplyMinutes ?? {};
}

function TargetsCard({ targets, onChange }: { targets: Targets; onChange: (targets: Targets) => void }) {
  return (
    <Card withBorder>
      <Title order={2} mb={4}>
        First reply targets
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        The time to the first reply after a customer asks for an agent. The desk shows the time left and
        overdue cases. Leave empty for no target. Changes apply to new cases.
      </Text>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {priorities.map((priority) => (
          <NumberInput
            key={priority}
            label={`${capitalized(priority)} priority`}
            suffix=" min"
            placeholder="No target"
            min={1}
            max={525_600}
            allowDecimal={false}
            value={targets[priority] ?? ''}
            onChange={(next) => onChange({ ...targets, [priority]: next === '' ? null : Number(next) })}
          />
        ))}
      </SimpleGrid>
    </Card>
  );
}
