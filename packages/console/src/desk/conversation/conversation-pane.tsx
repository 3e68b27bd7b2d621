import { ActionIcon, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLayoutSidebarRight } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { ConversationActions } from '../case/conversation-actions.tsx';
import { ReplyComposer } from '../composer/reply-composer.tsx';
import { CustomerPanel } from '../customer/customer-panel.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { keys } from '../keys.ts';
import { customerName } from '../list/conversation-labels.ts';
import { AcceptBar } from './accept-bar.tsx';
import classes from './conversation.module.css';
import { ConversationHead } from './conversation-head.tsx';
import { MessageList } from './message-list.tsx';
import { ParentPost } from './parent-post.tsx';
import { usePlaceholderValues } from './use-placeholder-values.ts';
import { usePresence } from './use-presence.ts';
import { useReadReceipts } from './use-read-receipts.ts';

/** Window width in pixels from which the customer panel is open by default. */
const panelFitsPx = 1180;

/** One conversation: its messages, the agent's actions and the customer. */
export function ConversationPane({ sessionId, apps }: { sessionId: number; apps: readonly StaffApp[] }) {
  const me = useMe();
  const row = useQuery({
    queryKey: keys.row(sessionId),
    queryFn: () => api.rest.desk.conversation(sessionId),
  });
  const [showsPanel, panel] = useDisclosure(window.innerWidth > panelFitsPx);
  const presence = usePresence(row.data, me.id);
  const refresh = useRefresh(row.data);
  useReadReceipts(row.data, me.id);
  useDeskAction('panel', panel.toggle);

  if (row.isPending) return <Loading />;
  if (row.isError) return <Failure error={row.error} onRetry={() => void row.refetch()} />;
  const { session, customer } = row.data;
  const app = apps.find(({ id }) => id === session.appId);
  const canReply = session.assignedAgentId === me.id && session.openCaseId !== null;
  return (
    <div className={`${classes.conversation} ${showsPanel ? '' : classes.withoutPanel}`}>
      <section className={classes.center} aria-label={`Conversation with ${customerName(customer)}`}>
        <ConversationHead row={row.data} app={app} viewing={presence.viewing}>
          {canReply && <ConversationActions row={row.data} app={app} onDone={() => void refresh()} />}
          <PanelToggle isOpen={showsPanel} onToggle={panel.toggle} />
        </ConversationHead>
        {row.data.comment && (
          <ParentPost
            comment={row.data.comment}
            channelTitle={app?.channels.find(({ name }) => name === session.channel)?.title}
          />
        )}
        <MessageList sessionId={sessionId} />
        <div className={classes.typing} aria-live="polite">
          {presence.typing}
        </div>
        <Answer key={sessionId} row={row.data} app={app} canReply={canReply} onAssigned={refresh} />
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

/** Reloads a conversation, the lists and the customer after an action. */
function useRefresh(row: ConversationRow | undefined): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    if (!row) return;
    const changed = [keys.row(row.session.id), keys.conversations, keys.customer(row.customer.id)];
    await Promise.all(changed.map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
}

function PanelToggle({ isOpen, onToggle }: { isOpen: boolean; onToggle: () => void }) {
  return (
    <Tooltip label={isOpen ? 'Hide customer details' : 'Show customer details'}>
      <ActionIcon onClick={onToggle} aria-label="Customer details" aria-expanded={isOpen} size="lg">
        <IconLayoutSidebarRight size={19} />
      </ActionIcon>
    </Tooltip>
  );
}

/** The composer of the assigned agent; for others, the bar that accepts the conversation. */
function Answer(props: {
  row: ConversationRow;
  app: StaffApp | undefined;
  canReply: boolean;
  onAssigned: () => Promise<void>;
}) {
  const { row, app, canReply, onAssigned } = props;
  const { session, lastMessage } = row;
  const colleagues = useQuery({ queryKey: ['colleagues'], queryFn: () => api.rest.desk.colleagues() });
  const composer = {
    row,
    channel: app?.channels.find(({ name }) => name === session.channel),
    fileBytes: app?.fileBytes ?? 0,
    facts: usePlaceholderValues(row, app),
    newestId: lastMessage?.id ?? 0,
  };
  return canReply ? (
    <ReplyComposer {...composer} />
  ) : (
    <AcceptBar
      row={row}
      colleague={colleagues.data?.items.find(({ id }) => id === session.assignedAgentId)?.name}
      composer={composer}
      onAssigned={onAssigned}
    />
  );
}
