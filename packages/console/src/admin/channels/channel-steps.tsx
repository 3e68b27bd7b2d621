import { Alert, Button, Card, Group, List, Text, Title } from '@mantine/core';
import type { ChannelKind, ChannelTest, ConfiguredChannel } from '@mevrik/protocol';
import { Fragment, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { valueAt } from '../settings/setting-draft.ts';
import { CopyText } from '../shared/copy-text.tsx';

/** What is to be done at the provider, with what has to be pasted there. */
export function ChannelSteps(props: {
  kind: ChannelKind;
  channel: ConfiguredChannel | undefined;
  /** What was given just now: it cannot be read again. */
  given: Readonly<Record<string, unknown>>;
  mailServer: string | null;
  appId: number;
}) {
  const { kind, channel, given, mailServer, appId } = props;
  const isAllowed = channel?.webhookUrl?.startsWith('https:') ?? true;
  if (kind.steps.length === 0) return null;

  /** What stands for a name in braces: something to paste, or words. */
  function stand(name: string): { paste: string } | { words: string } {
    if (name === 'webhook') {
      return channel?.webhookUrl
        ? { paste: channel.webhookUrl }
        : { words: 'the address that stands here once you have saved.' };
    }
    if (name === 'externalMessages') return { paste: `${location.origin}/v1/external-messages` };
    if (name === 'mailServer') {
      return mailServer === null
        ? { words: 'this server, which takes none yet (SMTP_PORT is not set)' }
        : { paste: mailServer };
    }
    const known = given[name] ?? valueAt(channel?.settings ?? {}, name);
    if (typeof known === 'string') return { paste: known };
    return {
      words: channel?.secrets.includes(name) ? 'the one that you gave.' : 'the one that you give here.',
    };
  }

  return (
    <Card withBorder>
      <Title order={2} mb="sm">
        What is left to do
      </Title>
      {!isAllowed && kind.hasWebhook && (
        <Alert color="yellow" mb="sm">
          Providers call addresses with https only. Set PUBLIC_URL to the address at which the internet
          reaches this server.
        </Alert>
      )}
      <List type="ordered" size="sm" spacing="sm">
        {kind.steps.map((step) => (
          <List.Item
            key={step}
            styles={{ itemWrapper: { display: 'inline' }, itemLabel: { display: 'inline' } }}
          >
            {step.split(/\{(\w+)\}/).map((part, at) => {
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence stay where they are
              if (at % 2 === 0) return <Fragment key={at}>{part}</Fragment>;
              const found = stand(part);
              return 'paste' in found ? (
                <CopyText key={part} value={found.paste} what={whatOf(part)} />
              ) : (
                <Text key={part} span c="dimmed" inherit>
                  {found.words}
                </Text>
              );
            })}
          </List.Item>
        ))}
      </List>
      {kind.isConnectable && channel && <Connect kind={kind} name={channel.name} appId={appId} />}
    </Card>
  );
}

const whatOf = (name: string): string =>
  ({ webhook: 'address of the webhook', mailServer: 'mail server' })[name] ?? name;

function Connect({ kind, name, appId }: { kind: ChannelKind; name: string; appId: number }) {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<ChannelTest>();
  async function connect(): Promise<void> {
    setBusy(true);
    try {
      setAnswer(await api.rest.admin.connectChannel(appId, name));
    } catch (error) {
      setAnswer({ ok: false, reason: errorMessage(error) });
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      {answer && (
        <Alert mt="sm" color={answer.ok ? 'teal' : 'red'} role={answer.ok ? 'status' : 'alert'}>
          {answer.ok ? `${kind.title} knows the address.` : answer.reason}
        </Alert>
      )}
      <Group mt="sm">
        <Button variant="light" loading={busy} onClick={() => void connect()}>
          Tell {kind.title} the address
        </Button>
      </Group>
    </>
  );
}
