import { SegmentedControl } from '@mantine/core';
import { mostCounted } from '@mevrik/protocol/text';
import { ChannelFilter } from '../shared/log-list.tsx';
import { type InboundStatus, inboundStatuses } from './inbound-statuses.ts';

/** Which inbound records a list shows; absent parts match all. */
export interface InboundFilter<Status extends InboundStatus> {
  readonly status?: Status;
  readonly channel?: string;
}

/** Filters inbound records by status, with the number in each, and by channel. */
export function InboundFilters<Status extends InboundStatus>(props: {
  /** The statuses that a record of this list can have. */
  statuses: readonly Status[];
  /** The number of records by status. */
  counts: Readonly<Record<string, number>> | undefined;
  /** Offers only channels of this kind. */
  channelKind?: string;
  filter: InboundFilter<Status>;
  onChange: (filter: InboundFilter<Status>) => void;
}) {
  const { statuses, counts = {}, channelKind, filter, onChange } = props;
  const { status, channel } = filter;
  const options = statuses.map((value) => ({
    value,
    label: `${inboundStatuses[value].word} (${countWords(counts[value] ?? 0)})`,
  }));
  return (
    <>
      <SegmentedControl<Status | ''>
        value={status ?? ''}
        onChange={(next) => onChange({ ...(next !== '' && { status: next }), ...(channel && { channel }) })}
        data={[{ value: '', label: 'All' }, ...options]}
      />
      <ChannelFilter
        kind={channelKind}
        value={channel ?? null}
        onChange={(next) => onChange({ ...(status && { status }), ...(next && { channel: next }) })}
      />
    </>
  );
}

function countWords(count: number): string {
  return `${count.toLocaleString()}${count >= mostCounted ? '+' : ''}`;
}
