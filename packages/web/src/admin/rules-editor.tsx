import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Card,
  Group,
  List,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../session/session.ts';
import { explain } from '../shared/explain.ts';
import { Failure, Fault, Loading } from '../shared/states.tsx';
import classes from './admin.module.css';
import type { AppRow } from './api-types.ts';
import { useSaving } from './use-saving.ts';

interface Rule {
  readonly name: string;
  readonly when: string;
  readonly action: 'bot' | 'queue' | 'ticket' | 'transfer';
  readonly queue?: string;
  readonly priority?: 'high' | 'low' | 'normal' | 'urgent';
  readonly skills?: readonly string[];
}

const actions = [
  { value: 'bot', label: 'The bot answers' },
  { value: 'queue', label: 'It waits for an agent' },
  { value: 'ticket', label: 'A case is opened, and nothing else' },
  { value: 'transfer', label: 'It is given to an agent at once' },
];

/** Who answers what: the first rule whose condition is true decides. */
export function RulesEditor({ path, app }: { path: string; app: AppRow }) {
  const stored = useQuery({
    queryKey: ['admin', 'rules', path],
    queryFn: () => api.call<{ rules: readonly Rule[] }>('GET', `${path}/rules`),
  });
  const [rules, setRules] = useState<readonly Rule[]>([]);
  useEffect(() => {
    if (stored.data) setRules(stored.data.rules);
  }, [stored.data]);
  const saving = useSaving(async () => {
    await api.call('PUT', `${path}/rules`, { body: { rules } });
    await stored.refetch();
  });
  if (stored.isPending) return <Loading />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
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
        <Fault text={saving.fault} />
        {rules.map((rule, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place
          <Card key={at} withBorder>
            <Group justify="space-between" wrap="nowrap" mb="xs">
              <Group gap="xs">
                <Badge color="gray">{at + 1}</Badge>
                <TextInput
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
              <Group grow>
                <Select
                  label="Then"
                  data={actions}
                  value={rule.action}
                  onChange={(next) => next && change(at, { action: next as Rule['action'] })}
                  allowDeselect={false}
                />
                {rule.action !== 'bot' && (
                  <TextInput
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

const verdictWords = {
  true: 'true: it decides',
  false: 'not true of it',
  failed: 'cannot be asked of it, which counts as not true',
};

/** Says what the rules would do with a message; nothing is changed. */
function RuleTrial({ rules, app }: { rules: readonly Rule[]; app: AppRow }) {
  const [text, setText] = useState('I want my money back');
  const [kind, setKind] = useState('web');
  const [answer, setAnswer] = useState<{
    rule?: string;
    action?: string;
    queue?: string;
    verdicts?: readonly { readonly rule: string; readonly outcome: keyof typeof verdictWords }[];
  }>();
  const [fault, setFault] = useState<string>();
  async function tryIt(): Promise<void> {
    setFault(undefined);
    try {
      const facts = {
        app: { id: app.id, name: app.name },
        channel: { name: kind, kind },
        message: { kind: 'text', text, payload: '' },
        session: { agentType: 'bot', path: 'bot' },
        customer: { verified: false, locale: 'en', attributes: {} },
      };
      setAnswer(await api.call('POST', '/v1/admin/rules/test', { body: { rules, facts } }));
    } catch (error) {
      setAnswer(undefined);
      setFault(explain(error));
    }
  }
  return (
    <Card withBorder>
      <Stack>
        <Title order={2}>Try them</Title>
        <Textarea
          label="A customer writes"
          autosize
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Select
          label="On"
          data={['web', 'facebook', 'instagram', 'whatsapp', 'telegram', 'email', 'api']}
          value={kind}
          onChange={(next) => next && setKind(next)}
          allowDeselect={false}
        />
        <Button variant="light" onClick={() => void tryIt()}>
          What would happen?
        </Button>
        <Fault text={fault} />
        {answer && (
          <Alert color="brand" title={`Rule “${answer.rule ?? 'none'}” decides`}>
            <Text size="sm">
              {actions.find(({ value }) => value === answer.action)?.label ?? answer.action}
              {answer.queue ? ` in “${answer.queue}”` : ''}.
            </Text>
            <List type="ordered" size="sm" mt="xs">
              {(answer.verdicts ?? []).map(({ rule, outcome }, at, all) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rules may share a name; they are told by their place
                <List.Item key={at}>
                  {rule}:{' '}
                  {outcome === 'true' && all.findIndex((one) => one.outcome === 'true') < at
                    ? 'true, but one before it decides'
                    : verdictWords[outcome]}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
      </Stack>
    </Card>
  );
}
