import { Alert, Badge, Card, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { FoundMessage, MessageSearch, StuckInbound } from '@mevrik/protocol';
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

/** Waits for a pause in typing before it searches. */
const pauseMs = 250;

/** Finds a message by its id, its text, or its customer. */
export function FindMessagePage() {
  const { typed, setTyped, settled } = useSearchText();
  const found = useQuery({
    queryKey: ['find-message', settled],
    queryFn: () => api.rest.admin.findMessages({ q: settled, limit: 50 }),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  });
  return (
    <AdminPage
      title="Diagnosis"
      about="Find out why a message was not answered: open it to see what happened and what to do."
    >
      <TextInput
        size="md"
        autoFocus
        maxLength={200}
        aria-label="Search messages"
        placeholder="Name, email address, phone number, text, or message number"
        leftSection={<IconSearch size={18} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {settled === '' ? (
        <Note title="Search for a message">
          Enter part of the customer’s name, email address or phone number, their ID at the provider, part of
          the text, or the number of the message or session.
        </Note>
      ) : found.isPending ? (
        <Loading lines={5} height={56} />
      ) : found.isError ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Results found={found.data} />
      )}
    </AdminPage>
  );
}

/** The search as it is typed, and once typing pauses. It is in the URL, so that going back shows the results again. */
function useSearchText() {
  const { q } = useSearch({ from: '/admin/messages' });
  const navigate = useNavigate();
  const [typed, setTyped] = useState(q ?? '');
  const [settled] = useDebouncedValue(typed.trim(), pauseMs);
  useEffect(() => {
    void navigate({ to: '/admin/messages', search: settled ? { q: settled } : {}, replace: true });
  }, [settled, navigate]);
  return { typed, setTyped, settled };
}

function Note({ title, children }: { title: string; children: string }) {
  return (
    <Card withBorder>
      <Empty icon={<IconMessageSearch size={34} stroke={1.4} />} title={title}>
        {children}
      </Empty>
    </Card>
  );
}

function Results({ found: { items, stuck, searchedNewest } }: { found: MessageSearch }) {
  return (
    <>
      {items.length + stuck.length === 0 ? (
        <Note title="No results">
          Try fewer words, or something else about the customer. If you are sure that they wrote, check the
          channel: the message may not have arrived.
        </Note>
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
      {searchedNewest !== null && (
        <Text size="xs" c="dimmed">
          Text search covers the newest {searchedNewest.toLocaleString()} messages. Find older ones by
          customer or number.
        </Text>
      )}
    </>
  );
}

const senderLabels = { customer: 'Customer', bot: 'Bot', agent: 'Agent', system: 'System' } as const;

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
  const author = isReply ? `${sender.name ?? senderLabels[sender.type]} → ${who}` : who;
  return (
    <Link to="/admin/messages/$messageId" params={{ messageId: String(id) }} className={classes.found}>
      <ChannelIcon kind={channelKind} name={channel} size={18} />
      <div className={classes.foundText}>
        <Group gap={8} wrap="nowrap">
          <Text size="sm" fw={600} truncate>
            {author}
          </Text>
          {deliveryStatus === 'failed' && <Badge color="red">Not delivered</Badge>}
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
      title="An inbound event did not become a message"
    >
      <Text size="sm">
        {listener} {status === 'dead' ? 'failed and is out of retries' : 'failed and will retry'}:{' '}
        {error ?? 'no reason was recorded'} ({conversationKey}).{' '}
        <Link to="/admin/events/$eventId" params={{ eventId }}>
          View event
        </Link>
      </Text>
    </Alert>
  );
}
