import { Alert, Button, Card, List, Select, Stack, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { api } from '../session/session.ts';
import { explain } from '../shared/explain.ts';
import { Fault } from '../shared/states.tsx';
import type { AppRow } from './api-types.ts';
import { actions, type Rule } from './rule.ts';

const verdictWords = {
  true: 'true: it decides',
  false: 'not true of it',
  failed: 'cannot be asked of it, which counts as not true',
};

/** Says what the rules would do with a message; nothing is changed. */
export function RuleTrial({ rules, app }: { rules: readonly Rule[]; app: AppRow }) {
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
