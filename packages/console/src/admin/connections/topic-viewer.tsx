import { Badge, Button, Card, Group, ScrollArea, Stack, Text, Title } from '@mantine/core';
import type { GatewayTopic } from '@mevrik/protocol';
import { IconAntennaBars5, IconPlayerStop } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { token } from '../../session/session.ts';
import { Empty } from '../../shared/states.tsx';
import { clockTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';

interface WatchedMessage {
  readonly at: string;
  readonly event: string;
  readonly data: string;
  readonly subscribers: number;
}
/** Older messages are dropped. */
const maxMessages = 200;

/** The messages of a topic, live. */
export function TopicViewer({
  watched,
  onEnd,
}: {
  watched: Pick<GatewayTopic, 'appId' | 'name'> | undefined;
  onEnd: () => void;
}) {
  const [seen, setSeen] = useState<readonly WatchedMessage[]>([]);
  const [errorText, setErrorText] = useState<string>();
  useEffect(() => {
    if (!watched) return;
    const stop = new AbortController();
    const take = (message: WatchedMessage) => setSeen((before) => [message, ...before].slice(0, maxMessages));
    listenTo(watched, take, stop.signal).then(
      () => setErrorText('The stream has ended. Select Watch to start again.'),
      // Whatever the error, the text says how to continue.
      () => stop.signal.aborted || setErrorText('Could not watch this topic.'),
    );
    return () => stop.abort();
  }, [watched]);
  return (
    <Stack gap="sm">
      <Group justify="space-between" mih={30}>
        <Title order={2}>{watched ? watched.name : 'Live messages'}</Title>
        {watched && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlayerStop size={13} />}
            onClick={onEnd}
          >
            Stop
          </Button>
        )}
      </Group>
      <Card withBorder p={0} mih={260}>
        {seen.length === 0 ? (
          <Empty
            icon={<IconAntennaBars5 size={32} stroke={1.4} />}
            title={watched ? 'Waiting for messages' : 'No topic selected'}
          >
            {errorText ??
              (watched
                ? 'Messages appear here as they are sent. Watching is recorded in the audit log.'
                : 'Select Watch next to a topic.')}
          </Empty>
        ) : (
          <ScrollArea.Autosize mah={520}>
            {seen.map((one, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: messages are only added at the start
              <TopicMessage key={seen.length - at} message={one} />
            ))}
          </ScrollArea.Autosize>
        )}
      </Card>
    </Stack>
  );
}

function TopicMessage({ message }: { message: WatchedMessage }) {
  return (
    <div style={{ padding: '8px 14px', borderBottom: '1px solid var(--mantine-color-default-border)' }}>
      <Group gap="xs">
        <Text size="xs" c="dimmed">
          {clockTime(message.at)}
        </Text>
        <Text size="sm" fw={600}>
          {message.event}
        </Text>
        <Badge size="xs" color="gray">
          {message.subscribers === 1 ? '1 subscriber' : `${message.subscribers} subscribers`}
        </Badge>
      </Group>
      <Text className={classes.mono} lineClamp={3} c="dimmed">
        {message.data}
      </Text>
    </div>
  );
}

/** Reads server-sent events with a bearer token, which the browser's EventSource cannot send. */
async function listenTo(
  { appId, name }: Pick<GatewayTopic, 'appId' | 'name'>,
  take: (message: WatchedMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ appId: String(appId), topic: name });
  const response = await fetch(`/v1/admin/gateway/tap?${query}`, {
    headers: { authorization: `Bearer ${await token(false)}` },
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`The server responded with status ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = `${rest}${value}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.startsWith('event: message') && data) take(JSON.parse(data));
    }
  }
}
