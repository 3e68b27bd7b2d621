import type { ChainedEvent, Delivery, ListenerOutcome } from '@mevrik/protocol';
import { attemptWords } from '../../shared/delivery-words.ts';
import { exactTime } from '../../shared/time.tsx';
import type { TimeSpan } from '../charts/time-axis.ts';

/** A mark on the time axis: an attempt or a moment. */
export interface TimeMark extends TimeSpan {
  readonly tone: 'event' | 'good' | 'bad' | 'broadcast' | 'waits';
  /** The text of its tooltip. */
  readonly about: string;
}

/** A row of the story: an effect of an event. */
export interface StoryRow {
  readonly id: string;
  readonly kind: 'event' | 'listener' | 'broadcast' | 'delivery';
  readonly depth: number;
  readonly event: ChainedEvent;
  readonly title: string;
  /** A short explanation of the title. */
  readonly about: string;
  /** The result in a few words. */
  readonly result: string;
  readonly tone: 'bad' | 'good' | 'plain' | 'waits';
  readonly marks: readonly TimeMark[];
  /** The error of each failed attempt. */
  readonly failures: readonly string[];
}

/** The events of a chain as a tree: each below its cause, one level deeper. */
export function treeOf(chain: readonly ChainedEvent[]): readonly { event: ChainedEvent; depth: number }[] {
  const known = new Set(chain.map(({ id }) => id));
  const lines: { event: ChainedEvent; depth: number }[] = [];
  const seen = new Set<string>();
  const add = (event: ChainedEvent, depth: number) => {
    if (seen.has(event.id)) return;
    seen.add(event.id);
    lines.push({ event, depth });
    for (const next of chain) if (next.causationId === event.id) add(next, depth + 1);
  };
  for (const event of chain) if (event.causationId === null || !known.has(event.causationId)) add(event, 0);
  return lines;
}

/** The effects of an event: a row for each listener, one for its broadcasts, and one for each delivery. */
export function effectsOf(event: ChainedEvent, depth: number): readonly StoryRow[] {
  return [
    ...event.listeners.map((one) => listenerRow(event, depth, one)),
    ...(event.broadcasts.length === 0 ? [] : [broadcastRow(event, depth)]),
    ...event.deliveries.map((one) => deliveryRow(event, depth, one)),
  ];
}

/** A duration: `0.4 ms`, `12 ms`, `3.2 s`, `4 min`. */
export function took(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

/** `once`, `2 times`. */
export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function listenerRow(event: ChainedEvent, depth: number, one: ListenerOutcome): StoryRow {
  const failed: TimeMark[] = one.failures.map(({ at, durationMs, error }) => ({
    ...spanOf(at, durationMs),
    tone: 'bad',
    about: `Failed after ${took(durationMs)}: ${firstLine(error)}`,
  }));
  const done: TimeMark[] = one.startedAt
    ? [
        {
          ...spanOf(one.startedAt, one.durationMs ?? 0),
          tone: 'good',
          about: `Took ${took(one.durationMs ?? 0)}`,
        },
      ]
    : [];
  return {
    id: `${event.id} ${one.listener}`,
    kind: 'listener',
    event,
    depth,
    title: one.listener,
    about: one.summary,
    ...resultOf(one),
    marks: [...failed, ...(one.outcome === 'skipped' ? [] : done)],
    failures: one.failures.map(
      ({ at, error }, index) => `Attempt ${index + 1}, ${exactTime(at)}: ${firstLine(error)}`,
    ),
  };
}

function resultOf(one: ListenerOutcome): Pick<StoryRow, 'result' | 'tone'> {
  const failures = one.failures.length;
  switch (one.outcome) {
    case 'done': {
      const how = one.durationMs === null ? 'done' : `done in ${took(one.durationMs)}`;
      return { result: failures === 0 ? how : `failed ${times(failures)}, then ${how}`, tone: 'good' };
    }
    case 'skipped':
      return { result: 'not applicable', tone: 'plain' };
    case 'pending':
      return { result: 'pending', tone: 'waits' };
    case 'parked': {
      const retry = one.retryAt ? `retry at ${exactTime(one.retryAt)}` : 'will retry';
      return {
        result: failures === 0 ? `parked, ${retry}` : `failed ${times(failures)}, ${retry}`,
        tone: 'waits',
      };
    }
    case 'dead':
      return { result: `failed ${times(Math.max(1, failures))}, out of retries`, tone: 'bad' };
    case 'discarded':
      return {
        result: `discarded by ${one.discardedBy}${failures === 0 ? '' : `, failed ${times(failures)}`}`,
        tone: 'bad',
      };
  }
}

/** `after`: when they were sent, in milliseconds after the event; `null` if that is unknown. */
function broadcastResult(broadcasts: ChainedEvent['broadcasts'], after: number | null): string {
  if (broadcasts.some(({ status }) => status === 'off')) return 'not sent: switched off';
  if (broadcasts.some(({ status }) => status === 'pending')) return 'not sent yet';
  return after === null ? 'sent' : `sent after ${took(after)}`;
}

function broadcastRow(event: ChainedEvent, depth: number): StoryRow {
  const { broadcasts } = event;
  const at = broadcasts.find((one) => one.at)?.at ?? null;
  const name = broadcasts[0]?.event ?? '';
  const after = at === null ? null : Date.parse(at) - Date.parse(event.occurredAt);
  const isSent = broadcasts.every(({ status }) => status === 'sent');
  return {
    id: `${event.id} broadcast`,
    kind: 'broadcast',
    event,
    depth,
    failures: [],
    title: `Broadcast as ${name}`,
    about: `To subscribers of ${broadcasts.map(({ topic }) => topic).join(', ')}`,
    result: broadcastResult(broadcasts, after),
    tone: isSent ? 'good' : 'waits',
    marks: at === null ? [] : [{ ...spanOf(at, 0), tone: 'broadcast', about: `Sent ${exactTime(at)}` }],
  };
}

const deliveryWords = {
  queued: 'queued',
  sending: 'sending',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'not delivered',
} as const;

function deliveryRow(event: ChainedEvent, depth: number, one: Delivery): StoryRow {
  const { attempts, status, channel, contactId } = one;
  const failed = attempts.filter(({ outcome }) => outcome !== 'sent' && outcome !== 'open');
  const isGood = status === 'sent' || status === 'delivered' || status === 'read';
  return {
    id: `${event.id} delivery ${one.id}`,
    kind: 'delivery',
    event,
    depth,
    title: `Sent through ${channel}`,
    about: `To ${contactId}${one.fallbackOf === null ? '' : ', after another channel failed'}`,
    result: `${deliveryWords[status]}, ${attempts.length === 0 ? 'not tried yet' : `tried ${times(attempts.length)}`}`,
    tone: isGood ? 'good' : status === 'failed' ? 'bad' : 'waits',
    marks: attempts.map((attempt) => {
      const from = Date.parse(attempt.startedAt);
      const to = attempt.finishedAt === null ? from : Date.parse(attempt.finishedAt);
      const tone = attempt.outcome === 'sent' ? 'good' : attempt.outcome === 'open' ? 'waits' : 'bad';
      return { from, to, tone, about: attempt.error ?? attemptWords[attempt.outcome] };
    }),
    failures: failed.map(
      ({ startedAt, error, outcome }, index) =>
        `Attempt ${index + 1}, ${exactTime(startedAt)}: ${firstLine(error ?? attemptWords[outcome])}`,
    ),
  };
}

function spanOf(at: string, durationMs: number): TimeSpan {
  const from = Date.parse(at);
  return { from, to: from + durationMs };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
