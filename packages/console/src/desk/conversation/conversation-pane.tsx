import { ActionIcon, Avatar, Badge, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowLeft, IconEye, IconLayoutSidebarRight } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { useNow } from '../../shared/time.tsx';
import { ConversationActions } from '../case/conversation-actions.tsx';
import type { PlaceholderValues } from '../composer/placeholders.ts';
import { ReplyComposer } from '../composer/reply-composer.tsx';
import { CustomerPanel } from '../customer/customer-panel.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { keys } from '../keys.ts';
import { customerName, priorityLabels } from '../list/conversation-labels.ts';
import { SlaChip, WaitChip } from '../list/sla-chip.tsx';
import { AcceptBar } from './accept-bar.tsx';
import classes from './conversation.module.css';
import { MessageList } from './message-list.tsx';
import { ParentPost } from './parent-post.tsx';
import { usePresence } from './use-presence.ts';
import { useReadReceipts } from './use-read-receipts.ts';

/** Window width in pixels from which the customer panel is open by default. */
const panelFitsPx = 1180;

/** One conversation: its messages, the agent's actions and the customer. */
export function ConversationPane({ sessionId, apps }: { sessionId: number; apps: readonly StaffApp[] }) {
  const me = useMe();
  const queries = useQueryClient();
  const row = useQuery({
    queryKey: keys.row(sessionId),
    queryFn: () => api.rest.desk.conversation(sessionId),
  });
  const [showsPanel, panel] = useDisclosure(window.innerWidth > panelFitsPx);
  const colleagues = useQuery({ queryKey: ['colleagues'], queryFn: () => api.rest.desk.colleagues() });
  const presence = usePresence(row.data, me.id);
  const facts = useFacts(row.data, apps);
  useReadReceipts(row.data, me.id);
  useDeskAction('panel', panel.toggle);

  if (row.isPending) return <Loading />;
  if (row.isError) return <Failure error={row.error} onRetry={() => void row.refetch()} />;
  const { session, customer, lastMessage } = row.data;
  const app = apps.find(({ id }) => id === session.appId);
  const channel = app?.channels.find(({ name }) => name === session.channel);
  const refresh = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: keys.row(sessionId) }),
      queries.invalidateQueries({ queryKey: keys.conversations }),
      queries.invalidateQueries({ queryKey: keys.customer(customer.id) }),
    ]);
  const canReply = session.assignedAgentId === me.id && session.openCaseId !== null;
  const composer = {
    row: row.data,
    channel,
    fileBytes: app?.fileBytes ?? 0,
    facts,
    newestId: lastMessage?.id ?? 0,
  };
  return (
    <div className={`${classes.conversation} ${showsPanel ? '' : classes.withoutPanel}`}>
      <section className={classes.center} aria-label={`Conversation with ${customerName(customer)}`}>
        <Head row={row.data} app={app} viewing={presence.viewing}>
          {canReply && <ConversationActions row={row.data} app={app} onDone={() => void refresh()} />}
          <Tooltip label={showsPanel ? 'Hide customer details' : 'Show customer details'}>
            <ActionIcon
              onClick={panel.toggle}
              aria-label="Customer details"
              aria-expanded={showsPanel}
              size="lg"
            >
              <IconLayoutSidebarRight size={19} />
            </ActionIcon>
          </Tooltip>
        </Head>
        {row.data.comment && <ParentPost comment={row.data.comment} />}
        <MessageList sessionId={sessionId} />
        <div className={classes.typing} aria-live="polite">
          {presence.typing}
        </div>
        {canReply ? (
          <ReplyComposer key={sessionId} {...composer} />
        ) : (
          <AcceptBar
            key={sessionId}
            row={row.data}
            colleague={colleagues.data?.items.find(({ id }) => id === session.assignedAgentId)?.name}
            composer={composer}
            onAssigned={refresh}
          />
        )}
      </section>
      {showsPanel && (
        <aside className={classes.panel} aria-label="Customer details">
          <CustomerPanel
            customerId={customer.id}
            sessionId={sessionId}
            app={app}
            onClose={panel.close}
            onMerged={() => void refresh()}
          />
        </aside>
      )}
    </div>
  );
}

function Head(props: {
  row: ConversationRow;
  app: StaffApp | undefined;
  viewing: readonly string[];
  children: React.ReactNode;
}) {
  const { row, app, viewing, children } = props;
  const { session, customer, queueItem } = row;
  const now = useNow(1_000);
  const kind = app?.channels.find(({ name }) => name === session.channel)?.kind ?? session.channel;
  const also = `${viewing.join(', ')} ${viewing.length > 1 ? 'are' : 'is'} also viewing this`;
  return (
    <header className={classes.head}>
      <ActionIcon component={Link} to="/desk" search aria-label="Back to list" className={classes.back}>
        <IconArrowLeft size={18} />
      </ActionIcon>
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text fw={650} truncate component="h1" m={0}>
          {customerName(customer)}
        </Text>
        <div className={classes.headFacts}>
          <ChannelIcon kind={kind} name={session.channel} size={14} />
          <span>{session.channel}</span>
          {row.case && <span className={classes.caseNumber}>· Case #{row.case.id}</span>}
          {queueItem && queueItem.priority !== 'normal' && (
            <Badge size="xs" color={queueItem.priority === 'low' ? 'gray' : 'orange'}>
              {priorityLabels[queueItem.priority]}
            </Badge>
          )}
          <SlaChip row={row} now={now} />
          <WaitChip row={row} now={now} />
        </div>
      </div>
      {viewing.length > 0 && (
        <Tooltip label={also}>
          <div className={classes.viewing}>
            <IconEye size={15} aria-hidden />
            <Avatar.Group spacing={6} aria-hidden>
              {viewing.slice(0, 3).map((name) => (
                <Avatar key={name} size={22} radius="xl" name={name} color="initials" />
              ))}
            </Avatar.Group>
            <VisuallyHidden role="status">{also}</VisuallyHidden>
          </div>
        </Tooltip>
      )}
      {children}
    </header>
  );
}

/** Placeholder values for canned replies in this conversation. */
function useFacts(row: ConversationRow | undefined, apps: readonly StaffApp[]): PlaceholderValues {
  const me = useMe();
  const customer = useQuery({
    queryKey: keys.customer(row?.customer.id ?? 0),
    queryFn: () => api.rest.desk.customerOverview(row?.customer.id ?? 0),
    enabled: row !== undefined,
  });
  const known = customer.data?.customer;
  return useMemo(
    () => ({
      'customer.name': known?.name ?? row?.customer.name ?? null,
      'customer.email': known?.email ?? row?.customer.email ?? null,
      'customer.phone': known?.phone ?? null,
      'agent.name': me.name,
      'app.name': apps.find(({ id }) => id === row?.session.appId)?.name ?? null,
      'case.id': row?.case ? String(row.case.id) : null,
      attributes: known?.attributes ?? {},
    }),
    [known, row, me.name, apps],
  );
}
