import { Button, Card, Group, NumberInput, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { formWidth } from '../shared/admin-page.tsx';
import type { AppRow, EditedApp } from '../shared/api-types.ts';
import { SaveFault, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type DispositionDraft, DispositionEditor, draftOf, settingOf } from './disposition-editor.tsx';

const priorities = ['urgent', 'high', 'normal', 'low'] as const;
type Targets = Readonly<Record<(typeof priorities)[number], number | null>>;

/** What holds where the app says nothing. */
const usualDispositions = ['resolved', 'unresolved', 'duplicate', 'spam'];
const usualTargets: Targets = { urgent: 5, high: 15, normal: 30, low: 120 };

/** How agents work for an app: how soon customers should have an answer, and how cases end. */
export function DeskEditor({ path, app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const queries = useQueryClient();
  const [targets, setTargets] = useState<Targets>(() => ({ ...usualTargets, ...targetsOf(app) }));
  const [dispositions, setDispositions] = useState<readonly DispositionDraft[]>(() =>
    ((app.settings.dispositions ?? usualDispositions) as readonly unknown[]).map(draftOf),
  );
  const saving = useSaving(() =>
    guard.over(async (how) => {
      const settings = { sla: { firstReplyMinutes: targets }, dispositions: dispositions.map(settingOf) };
      await api.call('PATCH', path, { body: { settings }, ...how });
      await queries.invalidateQueries({ queryKey: ['admin', 'app', String(app.id)] });
      await queries.invalidateQueries({ queryKey: ['apps'] });
    }),
  );
  const change = (at: number, next: DispositionDraft | undefined) =>
    setDispositions(dispositions.flatMap((one, index) => (index === at ? (next ?? []) : one)));
  return (
    <Stack maw={formWidth}>
      <Card withBorder>
        <Title order={2} mb={4}>
          First answers
        </Title>
        <Text size="sm" c="dimmed" mb="md">
          Within how many minutes a customer who asked for a person should have the first answer. The desk
          shows the time that is left, and what is overdue. Empty: no matter when. It holds for cases that are
          opened from now on.
        </Text>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          {priorities.map((priority) => (
            <NumberInput
              key={priority}
              label={`Priority ${priority}`}
              suffix=" min"
              placeholder="no matter when"
              min={1}
              max={525_600}
              allowDecimal={false}
              value={targets[priority] ?? ''}
              onChange={(next) => setTargets({ ...targets, [priority]: next === '' ? null : Number(next) })}
            />
          ))}
        </SimpleGrid>
      </Card>
      <Card withBorder>
        <Title order={2} mb={4}>
          Dispositions
        </Title>
        <Text size="sm" c="dimmed" mb="md">
          How a case can end. Each may ask for something: an agent cannot close the case without what is
          required.
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
            Add a disposition
          </Button>
        </Stack>
      </Card>
      <SaveFault guard={guard} text={saving.fault} onSave={saving.save} onLoad={onLoad} />
      <Group justify="flex-end">
        <Button loading={saving.busy} onClick={() => void saving.save()}>
          Save
        </Button>
      </Group>
    </Stack>
  );
}

function targetsOf({ settings }: AppRow): Partial<Targets> {
  return (settings.sla as { firstReplyMinutes?: Partial<Targets> } | undefined)?.firstReplyMinutes ?? {};
}
