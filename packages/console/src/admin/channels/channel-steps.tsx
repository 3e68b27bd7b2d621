import { Alert, Button, Card, Group, List, Text, Title } from '@mantine/core';
import type { ChannelKind, ChannelTest, ConfiguredChannel } from '@mevrik/protocol';
import { Fragment, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { valueAt } from '../settings/setting-draft.ts';
import { CopyText } from '../shared/copy-text.tsx';

/** The setup steps at the provider, with the values to paste there. */
export function ChannelSteps(props: {
  kind: ChannelKind;
  channel: ConfiguredChannel | undefined;
  /** Secrets saved in this tab, by setting: they cannot be read again. */
  given: Readonly<Record<string, unknown>>;
  mailServer: string | null;
  appId: number;
}) {
  const { kind, channel, given, mailServer, appId } = props;
  const isAllowed = channel?.webhookUrl?.startsWith('https:') ?? true;
  if (kind.steps.length === 0) return null;

  /** The content for a placeholder in a step: a value to paste, or a note. */
  function contentOf(name: string): { paste: string } | { note: string } {
    if (name === 'webhook') {
      return channel?.webhookUrl
        ? { paste: channel.webhookUrl }
        : { note: 'the URL shown here after you save' };
    }
    if (name === 'externalMessages') return { paste: `${location.origin}/v1/external-messages` };
    if (name === 'mailServer') {
      return mailServer === null
        ? { note: 'this server (not accepting email yet: SMTP_PORT is not set)' }
        : { paste: mailServer };
    }
    const known = given[name] ?? valueAt(channel?.settings ?? {}, name);
    if (typeof known === 'string') return { paste: known };
    return {
      note: channel?.secrets.includes(name) ? 'the value you entered' : 'the value you enter here',
    };
  }

  return (
    <Card withBorder>
      <Title order={2} mb="sm">
        Setup steps
      </Title>
      {!isAllowed && kind.hasWebhook && (
        <Alert color="yellow" mb="sm">
          Providers only call https URLs. Set PUBLIC_URL to the public https URL of this server.
        </Alert>
      )}
      <List type="ordered" size="sm" spacing="sm">
        {kind.steps.map((step) => (
          <List.Item
            key={step}
            styles={{ itemWrapper: { display: 'inline' }, itemLabel: { display: 'inline' } }}
          >
            {step.split(/\{(\w+)\}/).map((part, at) => {
              // biome-ignore lint/suspicious/noArrayIndexKey: the order of the parts never changes
              if (at % 2 === 0) return <Fragment key={at}>{part}</Fragment>;
              const found = contentOf(part);
              return 'paste' in found ? (
                <CopyText key={part} value={found.paste} label={labelOf(part)} />
              ) : (
                <Text key={part} span c="dimmed" inherit>
                  {found.note}
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

const labelOf = (name: string): string =>
  ({
    webhook: 'webhook URL',
    mailServer: 'mail server',
    externalMessages: 'API URL',
    verifyToken: 'verify token',
    secretToken: 'secret token',
  })[name] ?? name;

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
          {answer.ok ? `${kind.title} accepted the webhook URL.` : answer.reason}
        </Alert>
      )}
      <Group mt="sm">
        <Button variant="light" loading={busy} onClick={() => void connect()}>
          Register with {kind.title}
        </Button>
      </Group>
    </>
  );
}
