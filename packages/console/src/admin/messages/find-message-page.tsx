import { Alert, Badge, Card, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { FoundMessage, StuckInbound } from '@mevrik/protocol';
import { IconMailX, IconMessageSearch, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';

/** Whoever types fast asks once. */
const pauseMs = 250;

/** Finds the message that somebody asks about, by whatever they know of it. */
export function FindMessagePage() {
  const search = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const [typed, setTyped] = useState(String(search.q ?? ''));
  const [settled] = useDebouncedValue(typed.trim(), pauseMs);
  useEffect(() => {
    // So that the way back from a message leads to what was found.
    void navigate({ to: '/admin/messages', search: settled ? ({ q: settled } as never) : {}, replace: true });
  }, [settled, navigate]);
  const found = useQuery({
    queryKey: ['find-message', settled],
    queryFn: () => api.rest.admin.findMessages({ q: settled, limit: 50 }),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  });
  const { items = [], stuck = [], searchedNewest = null } = found.data ?? {};
  return (
    <AdminPage
      title="Find a message"
      about="Why was a message not answered? Look for it by what you know; its page tells what became of it, and what to do."
    >
      <TextInput
        size="md"
        autoFocus
        maxLength={200}
        aria-label="What you know of the message"
        placeholder="A name, an address, a phone number, some words of it, or its number"
        leftSection={<IconSearch size={18} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {settled === '' ? (
        <Card withBorder>
          <Empty icon={<IconMessageSearch size={34} stroke={1.4} />} title="Whose message is it?">
            Type a part of the customer’s name, their e-mail address or phone number, their number at
            Facebook, a few words of what they wrote, or the number of the message or conversation.
          </Empty>
        </Card>
      ) : found.isPending ? (
        <Loading lines={5} height={56} />
      ) : found.isError ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : items.length + stuck.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconMessageSearch size={34} stroke={1.4} />} title="No message fits">
            Try fewer words, or another thing that you know of the customer. If the customer is sure to have
            written, look at the channel: it may not have reached us at all.
          </Empty>
        </Card>
      ) : (
        <Stack gap="sm" aria-live="polite">
          {stuck.map((one) => (
            <Stuck key={`${one.eventId} ${one.listener}`} arrival={one} />
          ))}
          {items.length > 0 && (
            <Card withBorder p={4}>
              {items.map((one) => (
                <FoundRow key={one.id} message={one} />
              ))}
            </Card>
          )}
        </Stack>
      )}
      {searchedNewest !== null && settled !== '' && (
        <Text size="xs" c="dimmed">
          Words are looked for in the newest {searchedNewest.toLocaleString()} messages. For older ones use
          the customer’s name or the number.
        </Text>
      )}
    </AdminPage>
  );
}

function FoundRow({ message }: { message: FoundMessage }) {
  const {
    id,
    customer,
    sender,
    isReply,
    channel,
    channelKind,
    text,
    kind,
    createdAt,
    deliveryStatus,
    appName,
  } = message;
  const who = customer.name ?? `Customer #${customer.id}`;
  const author = isReply ? `${sender.name ?? sender.type} → ${who}` : who;
  return (
    <Link to="/admin/messages/$messageId" params={{ messageId: String(id) }} className={classes.found}>
      <ChannelIcon kind={channelKind} name={channel} size={18} />
      <div className={classes.foundText}>
        <Group gap={8} wrap="nowrap">
          <Text size="sm" fw={600} truncate>
            {author}
          </Text>
          {deliveryStatus === 'failed' && <Badge color="red">not delivered</Badge>}
        </Group>
        <Text size="sm" c="dimmed" lineClamp={1}>
          {text ?? kind.replaceAll('_', ' ')}
        </Text>
      </div>
      <Text size="xs" c="dimmed" className={classes.foundPlace}>
        {appName} · {channel} · #{id}
      </Text>
      <Ago at={createdAt} ta="right" />
    </Link>
  );
}

function Stuck({ arrival }: { arrival: StuckInbound }) {
  const { eventId, listener, status, error, conversationKey } = arrival;
  return (
    <Alert
      color={status === 'dead' ? 'red' : 'yellow'}
      icon={<IconMailX size={18} />}
      title="Something came in, and never became a message"
    >
      <Text size="sm">
        {listener} {status === 'dead' ? 'gave up' : 'failed, and tries again'}:{' '}
        {error ?? 'no reason was noted'} ({conversationKey}).{' '}
        <Link to="/admin/events/$eventId" params={{ eventId }}>
          Look into it
        </Link>
      </Text>
    </Alert>
  );
}
