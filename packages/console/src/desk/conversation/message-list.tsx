import { Button, Center, Loader, Skeleton } from '@mantine/core';
import { IconArrowDown, IconMessage } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { api } from '../../session/session.ts';
import type { Message } from '../../shared/sdk.ts';
import { Empty, Failure } from '../../shared/states.tsx';
import { usePages } from '../../shared/use-pages.ts';
import { outbox, type PendingMessage } from '../composer/outbox.ts';
import { keys } from '../keys.ts';
import { MessageBubble } from './message-bubble.tsx';
import classes from './message-list.module.css';
import { type MessageListItem, messageListItems } from './message-list-items.ts';
import { PendingBubble } from './pending-bubble.tsx';
import { useScrollPosition } from './use-scroll-position.ts';

/** The messages of a session's conversation, loaded page by page while scrolling up. */
export function MessageList({ sessionId }: { sessionId: number }) {
  const thread = usePages({
    queryKey: keys.messages(sessionId),
    load: (start) =>
      api.rest.desk.sessionMessages(sessionId, {
        limit: 100,
        ...start,
      }),
  });
  const messages = useMemo(
    () => thread.data?.pages.flatMap(({ items }) => items).toReversed() ?? [],
    [thread.data],
  );
  const outgoing = outbox.useOf(sessionId, messages);
  if (thread.isPending) return <MessageListSkeleton />;
  if (thread.isError) return <Failure error={thread.error} onRetry={() => void thread.refetch()} />;
  if (messages.length === 0 && outgoing.length === 0) {
    return (
      <div className={classes.messages}>
        <Empty icon={<IconMessage size={34} stroke={1.4} />} title="No messages in this conversation yet">
          The customer’s first message will appear here.
        </Empty>
      </div>
    );
  }
  return (
    <Messages
      key={sessionId}
      messages={messages}
      outgoing={outgoing}
      isLoading={thread.isFetchingNextPage}
      onStart={() => {
        if (thread.hasNextPage && !thread.isFetchingNextPage) void thread.fetchNextPage();
      }}
    />
  );
}

function Messages(props: {
  messages: readonly Message[];
  outgoing: readonly PendingMessage[];
  isLoading: boolean;
  onStart: () => void;
}) {
  const { messages, outgoing, isLoading, onStart } = props;
  const items = useMemo(
    () => [
      ...messageListItems(messages),
      ...outgoing.map((one): MessageListItem => ({ key: `outgoing ${one.key}`, outgoing: one })),
    ],
    [messages, outgoing],
  );
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 62,
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 12,
  });
  const toEnd = () => virtual.scrollToIndex(items.length - 1, { align: 'end' });
  const size = virtual.getTotalSize();
  const { isAtEnd, onScroll } = useScrollPosition(scroll, toEnd, {
    oldest: messages[0]?.id,
    newest: items.at(-1)?.key,
    size,
  });
  const rows = virtual.getVirtualItems();
  const first = rows[0]?.index ?? 0;
  useEffect(() => {
    if (first <= 3) onStart();
  }, [first, onStart]);

  return (
    <div style={{ position: 'relative', display: 'flex', flex: 1, minHeight: 0 }}>
      <div
        ref={scroll}
        className={classes.messages}
        role="log"
        aria-label="Conversation"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
        onScroll={onScroll}
      >
        {isLoading && (
          <Center p="xs">
            <Loader size="xs" role="status" aria-label="Loading earlier messages" />
          </Center>
        )}
        <div style={{ height: size, position: 'relative' }}>
          {rows.map(({ index, start, key }) => (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className={classes.item}
              style={{ transform: `translateY(${start}px)` }}
            >
              <Item item={items[index]} />
            </div>
          ))}
        </div>
      </div>
      {!isAtEnd && <JumpToLatest onClick={toEnd} />}
    </div>
  );
}

function Item({ item }: { item: MessageListItem | undefined }) {
  if (!item) return null;
  if ('day' in item) return <div className={classes.day}>{item.day}</div>;
  if ('outgoing' in item) return <PendingBubble outgoing={item.outgoing} />;
  return <MessageBubble message={item.message} isFirst={item.isFirst} key={item.key} />;
}

function JumpToLatest({ onClick }: { onClick: () => void }) {
  return (
    <Button
      size="compact-sm"
      variant="default"
      radius="xl"
      leftSection={<IconArrowDown size={14} />}
      onClick={onClick}
      style={{
        position: 'absolute',
        bottom: 12,
        insetInlineEnd: 20,
        boxShadow: 'var(--mantine-shadow-md)',
      }}
    >
      Jump to latest
    </Button>
  );
}

/** Placeholder while the messages load. */
function MessageListSkeleton() {
  return (
    <div
      className={`${classes.messages} ${classes.skeleton}`}
      role="status"
      aria-busy="true"
      aria-label="Loading"
    >
      {[240, 320, 180, 280, 200].map((width, at) => (
        <Skeleton
          key={width}
          width={width}
          height={at % 3 === 1 ? 58 : 36}
          radius="lg"
          style={{ alignSelf: at % 2 === 0 ? 'flex-start' : 'flex-end' }}
        />
      ))}
    </div>
  );
}
