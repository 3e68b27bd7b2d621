import { ActionIcon, Badge, Button, Card, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import type { AppRow } from '../shared/api-types.ts';
import { SaveFault, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type Tagged, useTagged } from '../shared/use-tagged.ts';
import { actions, type Rule } from './rule.ts';
import { RuleTrial } from './rule-trial.tsx';

/** Who answers what: the first rule whose condition is true decides. */
export function RulesEditor({ path, app }: { path: string; app: AppRow }) {
  const { stored, loads, loadAnew } = useTagged<{ rules: readonly Rule[] }>(
    ['admin', 'rules', path],
    `${path}/rules`,
  );
  if (stored.isPending) return <Loading />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
  return <RulesForm key={loads} path={path} app={app} stored={stored.data} onLoad={loadAnew} />;
}

/** Begins with what is stored; from then on what stands in the form is the administrator's. */
function RulesForm(props: {
  path: string;
  app: AppRow;
  stored: Tagged<{ rules: readonly Rule[] }>;
  onLoad: () => Promise<void>;
}) {
  const { path, app, stored, onLoad } = props;
  const [rules, setRules] = useState(stored.rules);
  const guard = useSaveGuard(stored.etag);
  const saving = useSaving(() =>
    guard.over((how) => api.call('PUT', `${path}/rules`, { body: { rules }, ...how })),
  );
  const change = (at: number, next: Partial<Rule>) =>
    setRules(rules.map((rule, index) => (index === at ? { ...rule, ...next } : rule)));
  const move = (at: number, by: number) => {
    const next = [...rules];
    const [rule] = next.splice(at, 1);
    if (rule) next.splice(at + by, 0, rule);
    setRules(next);
  };
  return (
    <div className={classes.twoColumns}>
      <Stack>
        {rules.map((rule, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place
          <Card key={at} withBorder>
            <Group justify="space-between" wrap="nowrap" mb="xs">
              <Group gap="xs" wrap="nowrap" flex={1}>
                <Badge color="gray" miw="max-content">
                  {at + 1}
                </Badge>
                <TextInput
                  flex={1}
                  aria-label={`Name of rule ${at + 1}`}
                  size="xs"
                  value={rule.name}
                  onChange={(event) => change(at, { name: event.currentTarget.value })}
                />
              </Group>
              <Group gap={2} wrap="nowrap">
                <ActionIcon aria-label="Move up" disabled={at === 0} onClick={() => move(at, -1)}>
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label="Move down"
                  disabled={at === rules.length - 1}
                  onClick={() => move(at, 1)}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label="Remove"
                  color="red"
                  onClick={() => setRules(rules.filter((_, index) => index !== at))}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            </Group>
            <Stack gap="xs">
              <Textarea
                label="When"
                autosize
                value={rule.when}
                onChange={(event) => change(at, { when: event.currentTarget.value })}
                styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
              />
              <Group wrap="nowrap">
                <Select
                  flex={2}
                  label="Then"
                  data={actions}
                  value={rule.action}
                  onChange={(next) => next && change(at, { action: next as Rule['action'] })}
                  allowDeselect={false}
                />
                {rule.action !== 'bot' && (
                  <TextInput
                    flex={1}
                    miw={0}
                    label="Queue"
                    placeholder="default"
                    value={rule.queue ?? ''}
                    onChange={(event) =>
                      change(at, {
                        queue: event.currentTarget.value === '' ? undefined : event.currentTarget.value,
                      })
                    }
                  />
                )}
              </Group>
            </Stack>
          </Card>
        ))}
        <SaveFault guard={guard} text={saving.fault} onSave={saving.save} onLoad={onLoad} />
        <Group justify="space-between">
          <Button
            variant="default"
            onClick={() => setRules([...rules, { name: 'new rule', when: 'true', action: 'bot' }])}
          >
            Add a rule
          </Button>
          <Button loading={saving.busy} onClick={() => void saving.save()}>
            Save the rules
          </Button>
        </Group>
      </Stack>
      <RuleTrial rules={rules} app={app} />
    </div>
  );
}
