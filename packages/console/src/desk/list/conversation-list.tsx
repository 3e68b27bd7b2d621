import { Group, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconInbox, IconMessages, IconSearch } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ConversationRow, ConversationView, StaffApp } from '../../shared/sdk.ts';
import { Empty, Failure } from '../../shared/states.tsx';
import { useNow } from '../../shared/time.tsx';
import { ChannelsDown } from '../composer/reply-notices.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { ConversationListItem, rowHeight } from './conversation-list-item.tsx';
import { type DeskFilter, useDeskFilter } from './desk-filter.ts';
import classes from './list.module.css';
import { ActiveFilters, ListFilters } from './list-filters.tsx';
import { useConversations, useCounts } from './use-conversations.ts';

const emptyTexts: Record<ConversationView, readonly [title: string, text: string]> = {
  mine: ['No conversations assigned to you', 'Accept one from the queue, or go online to receive new ones.'],
  queue: ['The queue is empty', 'Customers who ask for an agent appear here.'],
  all: ['No active conversations', 'A customer’s first message starts one.'],
};

/** The lists Mine, Queue and All. */
export function ConversationList(props: { openId: number | undefined; apps: readonly StaffApp[] }) {
  const { openId, apps } = props;
  const { filter, change } = useDeskFilter();
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search.trim(), 250);
  const list = useConversations(filter, settled);
  const rows = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  useDeskAction('mine', () => change({ view: 'mine' }));
  useDeskAction('queue', () => change({ view: 'queue' }));
  useDeskAction('all', () => change({ view: 'all' }));
  useDeskAction('overdue', () => change({ overdue: filter.overdue ? undefined : true }));

  return (
    <section className={classes.lists} aria-label="Conversations">
      <div className={classes.listHead}>
        <ViewTabs view={filter.view} onChange={(view) => change({ view })} />
        <Group gap={6} wrap="nowrap">
          <SearchField value={search} onChange={setSearch} />
          <ListFilters apps={apps} />
        </Group>
        <ActiveFilters apps={apps} />
        <ChannelsDown apps={apps} />
      </div>
      {list.isPending ? (
        <ListSkeleton />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <NoConversations filter={filter} isSearch={settled !== ''} />
      ) : (
        <Rows
          rows={rows}
          isMixed={filter.view === 'all'}
          openId={openId}
          apps={apps}
          onEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
          }}
        />
      )}
    </section>
  );
}

/** Selects a list; shows how many conversations are unread and how many customers wait. */
function ViewTabs(props: { view: ConversationView; onChange: (view: ConversationView) => void }) {
  const { unread, waiting, hasMoreWaiting } = useCounts();
  return (
    <SegmentedControl<ConversationView>
      fullWidth
      size="xs"
      value={props.view}
      onChange={props.onChange}
      aria-label="Conversation list"
      data={[
        { value: 'mine', label: unread > 0 ? `Mine (${unread})` : 'Mine' },
        { value: 'queue', label: waiting > 0 ? `Queue (${waiting}${hasMoreWaiting ? '+' : ''})` : 'Queue' },
        { value: 'all', label: 'All' },
      ]}
    />
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (search: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useDeskAction('search', () => field.current?.focus());
  return (
    <TextInput
      ref={field}
      size="xs"
      flex={1}
      placeholder="Search name, email or phone"
      aria-label="Search conversations"
      leftSection={<IconSearch size={14} />}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        onChange('');
        event.currentTarget.blur();
      }}
    />
  );
}

function NoConversations({ filter, isSearch }: { filter: DeskFilter; isSearch: boolean }) {
  const { view, appId, channel, overdue } = filter;
  const isFiltered = appId !== undefined || channel !== undefined || overdue === true;
  const [title, text] = isSearch
    ? ['No results', 'Try part of a name, email address or phone number.']
    : isFiltered
      ? ['No matching conversations', 'Remove a filter to see more.']
      : emptyTexts[view];
  const Icon = view === 'queue' ? IconInbox : IconMessages;
  return (
    <Empty icon={<Icon size={34} stroke={1.4} />} title={title}>
      {text}
    </Empty>
  );
}

function Rows(props: {
  rows: readonly ConversationRow[];
  isMixed: boolean;
  openId: number | undefined;
  apps: readonly StaffApp[];
  onEnd: () => void;
}) {
  const { rows, isMixed, openId, apps, onEnd } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const now = useNow(1_000);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => rowHeight(rows[index], isMixed),
    getItemKey: (index) => rows[index]?.session.id ?? index,
    overscan: 8,
  });
  // Reloaded rows may have changed their height.
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured for other rows
  useEffect(() => virtual.measure(), [rows, isMixed]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 5) onEnd();
  }, [last, rows.length, onEnd]);
  const move = useRowNavigation(rows, openId, (index) => virtual.scrollToIndex(index));
  useDeskAction('next', () => move(1));
  useDeskAction('previous', () => move(-1));

  return (
    <div ref={scroll} className={classes.scroll}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          return (
            row && (
              <ConversationListItem
                key={row.session.id}
                row={row}
                top={start}
                now={now}
                isMixed={isMixed}
                isOpen={row.session.id === openId}
                app={apps.find(({ id }) => id === row.session.appId)}
                showsApp={apps.length > 1}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

/** Opens the next or previous conversation and scrolls it into view. */
function useRowNavigation(
  rows: readonly ConversationRow[],
  openId: number | undefined,
  show: (index: number) => void,
): (by: 1 | -1) => void {
  const navigate = useNavigate();
  return (by) => {
    const at = rows.findIndex(({ session }) => session.id === openId);
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
    const row = rows[next];
    if (!row) return;
    show(next);
    const params = { sessionId: String(row.session.id) };
    void navigate({ to: '/desk/$sessionId', params, search: true });
  };
}

/** Placeholder while the list loads. */
function ListSkeleton() {
  return (
    <div role="status" aria-busy="true" aria-label="Loading">
      {[150, 110, 170, 130, 90, 140].map((width) => (
        <div key={width} className={classes.rowSkeleton}>
          <Skeleton height={36} circle />
          <div>
            <Skeleton height={10} width={width} mt={4} />
            <Skeleton height={9} mt={10} />
          </div>
        </div>
      ))}
    </div>
  );
}
