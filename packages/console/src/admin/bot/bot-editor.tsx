import { Alert, Card, NumberInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { Bot } from '@mevrik/protocol';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { SaveBar, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { type Tagged, useTagged } from '../shared/use-tagged.ts';
import { BotTrial } from './bot-trial.tsx';

/** The bot of an app: the built-in bot with a flow, a bot behind a URL, or none. */
export function BotEditor({ appId }: { appId: number }) {
  const { stored, loads, reload } = useTagged<Bot>(['admin', 'bot', String(appId)], (etag) =>
    api.rest.admin.bot(appId, etag),
  );
  if (stored.isPending) return <Loading />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
  return <BotForm key={loads} appId={appId} stored={stored.data} onLoad={reload} />;
}

/** Starts from the stored bot; later changes on the server do not reset the form. */
function BotForm(props: { appId: number; stored: Tagged<Bot>; onLoad: () => Promise<void> }) {
  const { appId, stored, onLoad } = props;
  const guard = useSaveGuard(stored.etag);
  const [kind, setKind] = useState<Bot['kind']>(stored.kind);
  const [flow, setFlow] = useState(stored.kind === 'builtin' ? stored.flow : '');
  const [url, setUrl] = useState(stored.kind === 'http' ? (stored.url ?? '') : '');
  const [timeoutMs, setTimeoutMs] = useState(stored.kind === 'http' ? stored.timeoutMs : 5_000);
  const [secret, setSecret] = useState<string>();
  const saving = useSaving(async () => {
    const body = kind === 'builtin' ? { kind, flow } : kind === 'http' ? { kind, url, timeoutMs } : { kind };
    await guard.saveChanges(async (how) => {
      const saved = await api.rest.admin.putBot(appId, body, how);
      setSecret(saved.kind === 'http' ? saved.secret : undefined);
    });
  });
  return (
    <div className={classes.twoColumns}>
      <Card withBorder>
        <Stack>
          {secret && (
            <Alert color="brand" title="Signing secret, shown only once">
              <Text className={classes.mono}>{secret}</Text>
            </Alert>
          )}
          <SegmentedControl<Bot['kind']>
            value={kind}
            onChange={setKind}
            data={[
              { value: 'builtin', label: 'Built-in bot' },
              { value: 'http', label: 'Your own bot' },
              { value: 'none', label: 'No bot' },
            ]}
          />
          {kind === 'builtin' && (
            <Textarea
              label="Flow"
              description="YAML: greeting, intents, forms, handover"
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
            <HttpBotFields url={url} onUrl={setUrl} timeoutMs={timeoutMs} onTimeoutMs={setTimeoutMs} />
          )}
          {kind === 'none' && (
            <Text size="sm" c="dimmed">
              New conversations wait for an agent.
            </Text>
          )}
          <SaveBar
            guard={guard}
            error={saving.errorText}
            isBusy={saving.busy}
            onSave={saving.save}
            onLoad={onLoad}
          />
        </Stack>
      </Card>
      {kind === 'builtin' && <BotTrial flow={flow} />}
    </div>
  );
}

function HttpBotFields(props: {
  url: string;
  onUrl: (url: string) => void;
  timeoutMs: number;
  onTimeoutMs: (timeoutMs: number) => void;
}) {
  const { url, onUrl, timeoutMs, onTimeoutMs } = props;
  return (
    <>
      <TextInput
        label="URL"
        placeholder="https://bot.example.com/turn"
        value={url}
        onChange={(event) => onUrl(event.currentTarget.value)}
      />
      <NumberInput
        label="Timeout"
        suffix=" ms"
        min={100}
        max={30_000}
        value={timeoutMs}
        onChange={(next) => onTimeoutMs(Number(next))}
      />
    </>
  );
}
