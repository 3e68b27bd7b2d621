import { Button, Center, Loader, Skeleton } from '@mantine/core';
import { IconArrowDown, IconMessage } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { api } from '../../session/session.ts';
import type { Message } from '../../shared/sdk.ts';
import { Empty, Failure } from '../../shared/states.tsx';
import { outbox, type PendingMessage } from '../composer/outbox.ts';
import { keys } from '../keys.ts';
import { MessageBubble } from './message-bubble.tsx';
import classes from './message-list.module.css';
import { type MessageListItem, messageListItems } from './message-list-items.ts';
import { PendingBubble } from './pending-bubble.tsx';

/** Within this distance of the end, new messages scroll into view. */
const nearEndPx = 120;

/** The messages of a session's conversation, loaded page by page while scrolling up. */
export function MessageList({ sessionId }: { sessionId: number }) {
  const thread = useInfiniteQuery({
    queryKey: keys.messages(sessionId),
    queryFn: ({ pageParam }) =>
      api.rest.desk.sessionMessages(sessionId, {
        limit: 100,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
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
    <Lines
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

function Lines(props: {
  messages: readonly Message[];
  outgoing: readonly PendingMessage[];
  isLoading: boolean;
  onStart: () => void;
}) {
  const { messages, outgoing, isLoading, onStart } = props;
  const lines = useMemo(
    () => [
      ...messageListItems(messages),
      ...outgoing.map((one): MessageListItem => ({ key: `outgoing ${one.key}`, outgoing: one })),
    ],
    [messages, outgoing],
  );
  const scroll = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const before = useRef({ oldest: messages[0]?.id, newest: lines.at(-1)?.key, size: 0 });
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 62,
    getItemKey: (index) => lines[index]?.key ?? index,
    overscan: 12,
  });
  const toEnd = () => virtual.scrollToIndex(lines.length - 1, { align: 'end' });
  const size = virtual.getTotalSize();

  // Older messages loaded above must not move the view; at the end, new messages scroll into view.
  useLayoutEffect(() => {
    const { oldest, newest, size: sizeBefore } = before.current;
    const now = { oldest: messages[0]?.id, newest: lines.at(-1)?.key, size };
    before.current = now;
    const isOurs = now.newest !== newest && now.newest?.startsWith('outgoing');
    if (sizeBefore === 0 || isOurs || (now.newest !== newest && isAtEnd)) {
      toEnd();
      requestAnimationFrame(toEnd);
    } else if (now.oldest !== oldest && scroll.current) {
      scroll.current.scrollTop += size - sizeBefore;
    } else if (isAtEnd && size !== sizeBefore) toEnd();
  });

  // Stay at the end while the composer below changes its height.
  const stay = useRef(() => {});
  stay.current = () => {
    if (isAtEnd) toEnd();
  };
  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const observer = new ResizeObserver(() => stay.current());
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
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
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < nearEndPx)
        }
      >
        {isLoading && (
          <Center p="xs">
            <Loader size="xs" role="status" aria-label="Loading earlier messages" />
          </Center>
        )}
        <div style={{ height: size, position: 'relative' }}>
          {items.map(({ index, start, key }) => {
            const line = lines[index];
            return (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className={classes.item}
                style={{ transform: `translateY(${start}px)` }}
              >
                {line &&
                  ('day' in line ? (
                    <div className={classes.day}>{line.day}</div>
                  ) : 'outgoing' in line ? (
                    <PendingBubble outgoing={line.outgoing} />
                  ) : (
                    <MessageBubble {...line} key={line.key} />
                  ))}
              </div>
            );
          })}
        </div>
      </div>
      {!isAtEnd && (
        <Button
          size="compact-sm"
          variant="default"
          radius="xl"
          leftSection={<IconArrowDown size={14} />}
          onClick={toEnd}
          style={{
            position: 'absolute',
            bottom: 12,
            insetInlineEnd: 20,
            boxShadow: 'var(--mantine-shadow-md)',
          }}
        >
          Jump to latest
        </Button>
      )}
    </div>
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
