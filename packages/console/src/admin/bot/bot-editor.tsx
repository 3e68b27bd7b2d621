import {
  Alert,
  Button,
  Card,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { SaveFault, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type Tagged, useTagged } from '../shared/use-tagged.ts';
import { BotTrial } from './bot-trial.tsx';

type Bot =
  | { readonly kind: 'builtin'; readonly flow: string }
  | { readonly kind: 'http'; readonly url: string; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/** Who answers before a person does: the built-in bot with a flow, one behind an address, or nobody. */
export function BotEditor({ path }: { path: string }) {
  const { stored, loads, loadAnew } = useTagged<Bot>(['admin', 'bot', path], `${path}/bot`);
  if (stored.isPending) return <Loading />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
  return <BotForm key={loads} path={path} stored={stored.data} onLoad={loadAnew} />;
}

/** Begins with what is stored; from then on what stands in the form is the administrator's. */
function BotForm(props: { path: string; stored: Tagged<Bot>; onLoad: () => Promise<void> }) {
  const { path, stored, onLoad } = props;
  const guard = useSaveGuard(stored.etag);
  const [kind, setKind] = useState<Bot['kind']>(stored.kind);
  const [flow, setFlow] = useState(stored.kind === 'builtin' ? stored.flow : '');
  const [url, setUrl] = useState(stored.kind === 'http' ? stored.url : '');
  const [timeoutMs, setTimeoutMs] = useState(stored.kind === 'http' ? stored.timeoutMs : 5_000);
  const [secret, setSecret] = useState<string>();
  const saving = useSaving(async () => {
    const body = kind === 'builtin' ? { kind, flow } : kind === 'http' ? { kind, url, timeoutMs } : { kind };
    await guard.over(async (how) => {
      const answer = await api.call<{ secret?: string }>('PUT', `${path}/bot`, { body, ...how });
      setSecret(answer.secret);
    });
  });
  return (
    <div className={classes.twoColumns}>
      <Card withBorder>
        <Stack>
          {secret && (
            <Alert color="brand" title="The secret that signs our requests, shown this once">
              <Text className={classes.mono}>{secret}</Text>
            </Alert>
          )}
          <SegmentedControl
            value={kind}
            onChange={(next) => setKind(next as Bot['kind'])}
            data={[
              { value: 'builtin', label: 'Built-in bot' },
              { value: 'http', label: 'A bot of your own' },
              { value: 'none', label: 'No bot' },
            ]}
          />
          {kind === 'builtin' && (
            <Textarea
              label="Flow"
              description="YAML: greetings, intents, forms, handover"
              autosize
              minRows={14}
              maxRows={34}
              value={flow}
              onChange={(event) => setFlow(event.currentTarget.value)}
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
            />
          )}
          {kind === 'http' && (
            <>
              <TextInput
                label="Address"
                placeholder="https://bot.example.com/turn"
                value={url}
                onChange={(event) => setUrl(event.currentTarget.value)}
              />
              <NumberInput
                label="Answers within, ms"
                min={100}
                max={30_000}
                value={timeoutMs}
                onChange={(next) => setTimeoutMs(Number(next))}
              />
            </>
          )}
          {kind === 'none' && (
            <Text size="sm" c="dimmed">
              Whoever writes waits for a person.
            </Text>
          )}
          <SaveFault guard={guard} text={saving.fault} onSave={saving.save} onLoad={onLoad} />
          <Group justify="flex-end">
            <Button loading={saving.busy} onClick={() => void saving.save()}>
              Save the bot
            </Button>
          </Group>
        </Stack>
      </Card>
      {kind === 'builtin' && <BotTrial flow={flow} />}
    </div>
  );
}
