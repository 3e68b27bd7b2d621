import { ActionIcon, Badge, Button, Card, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import type { AppRecord, RoutingRule, RoutingRules } from '@mevrik/protocol';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { SaveError, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type Tagged, useTagged } from '../shared/use-tagged.ts';
import { ruleActions } from './rule-actions.ts';
import { RuleTrial } from './rule-trial.tsx';

/** The routing rules of an app: the first rule whose condition is true applies. */
export function RulesEditor({ app }: { app: AppRecord }) {
  const { stored, loads, reload } = useTagged<RoutingRules>(['admin', 'rules', String(app.id)], (etag) =>
    api.rest.admin.routingRules(app.id, etag),
  );
  if (stored.isPending) return <Loading />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
  return <RulesForm key={loads} app={app} stored={stored.data} onLoad={reload} />;
}

/** Starts from the stored rules; later changes on the server do not reset the form. */
function RulesForm(props: { app: AppRecord; stored: Tagged<RoutingRules>; onLoad: () => Promise<void> }) {
  const { app, stored, onLoad } = props;
  const [rules, setRules] = useState<readonly RoutingRule[]>(stored.rules);
  const guard = useSaveGuard(stored.etag);
  const saving = useSaving(() =>
    guard.saveChanges((how) => api.rest.admin.putRoutingRules(app.id, rules, how)),
  );
  const change = (at: number, next: Partial<RoutingRule>) =>
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
          <RuleCard
            // biome-ignore lint/suspicious/noArrayIndexKey: the position identifies a rule
            key={at}
            rule={rule}
            at={at}
            isLast={at === rules.length - 1}
            onChange={(next) => change(at, next)}
            onMove={(by) => move(at, by)}
            onRemove={() => setRules(rules.filter((_, index) => index !== at))}
          />
        ))}
        <SaveError guard={guard} text={saving.errorText} onSave={saving.save} onLoad={onLoad} />
        <Group justify="space-between">
          <Button
            variant="default"
            onClick={() => setRules([...rules, { name: 'New rule', when: 'true', action: 'bot' }])}
          >
            Add rule
          </Button>
          <Button loading={saving.busy} onClick={() => void saving.save()}>
            Save
          </Button>
        </Group>
      </Stack>
      <RuleTrial rules={rules} app={app} />
    </div>
  );
}

interface RuleProps {
  readonly rule: RoutingRule;
  readonly at: number;
  readonly isLast: boolean;
  readonly onChange: (change: Partial<RoutingRule>) => void;
  readonly onMove: (by: number) => void;
  readonly onRemove: () => void;
}

function RuleCard(props: RuleProps) {
  const { rule, onChange } = props;
  return (
    <Card withBorder>
      <RuleHeader {...props} />
      <Stack gap="xs">
        <Textarea
          label="When"
          autosize
          value={rule.when}
          onChange={(event) => onChange({ when: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
        />
        <Group wrap="nowrap">
          <Select
            flex={2}
            label="Then"
            data={ruleActions}
            value={rule.action}
            onChange={(action) => action && onChange({ action })}
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
                onChange({
                  queue: event.currentTarget.value === '' ? undefined : event.currentTarget.value,
                })
              }
            />
          )}
        </Group>
      </Stack>
    </Card>
  );
}

function RuleHeader({ rule, at, isLast, onChange, onMove, onRemove }: RuleProps) {
  return (
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
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
      </Group>
      <Group gap={2} wrap="nowrap">
        <ActionIcon aria-label="Move up" disabled={at === 0} onClick={() => onMove(-1)}>
          <IconArrowUp size={16} />
        </ActionIcon>
        <ActionIcon aria-label="Move down" disabled={isLast} onClick={() => onMove(1)}>
          <IconArrowDown size={16} />
        </ActionIcon>
        <ActionIcon aria-label={`Remove rule ${at + 1}`} color="red" onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
    </Group>
  );
}
