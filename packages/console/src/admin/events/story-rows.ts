import type { ChainedEvent, Delivery, ListenerOutcome } from '@mevrik/protocol';
import { exactTime } from '../../shared/time.tsx';
import type { Span } from '../charts/time-axis.ts';

/** Something on the axis: an attempt, or a moment. */
export interface Mark extends Span {
  readonly tone: 'event' | 'good' | 'bad' | 'told' | 'waits';
  /** What it was, when somebody points at it. */
  readonly about: string;
}

/** A line of the story: an event, or what became of it. */
export interface StoryRow {
  readonly id: string;
  readonly kind: 'event' | 'listener' | 'broadcast' | 'delivery';
  readonly depth: number;
  readonly event: ChainedEvent;
  readonly title: string;
  /** What it does, or what was said, for whoever does not know the title. */
  readonly about: string;
  /** What came of it, in a few words. */
  readonly result: string;
  readonly tone: 'bad' | 'good' | 'plain' | 'waits';
  readonly marks: readonly Mark[];
  /** What went wrong, attempt by attempt. */
  readonly failures: readonly string[];
}

/** The events of a chain as a tree: each below what caused it, set in. */
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

/** What became of an event: a line for each listener, for what was broadcast, and for each delivery. */
export function effectsOf(event: ChainedEvent, depth: number): readonly StoryRow[] {
  const told = event.broadcasts;
  return [
    ...event.listeners.map((one) => listenerRow(event, depth, one)),
    ...(told.length === 0 ? [] : [broadcastRow(event, depth)]),
    ...event.deliveries.map((one) => deliveryRow(event, depth, one)),
  ];
}

/** `0.4 ms`, `12 ms`, `3.2 s`, `4 min`: how long something took. */
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
  const failed: Mark[] = one.failures.map(({ at, durationMs, error }) => ({
    ...spanOf(at, durationMs),
    tone: 'bad',
    about: `Failed after ${took(durationMs)}: ${firstLine(error)}`,
  }));
  const done: Mark[] = one.startedAt
    ? [
        {
          ...spanOf(one.startedAt, one.durationMs ?? 0),
          tone: 'good',
          about: `Took ${took(one.durationMs ?? 0)}`,
        },
      ]
    : [];
  return {
    ...{ id: `${event.id} ${one.listener}`, kind: 'listener', event, depth },
    ...{ title: one.listener, about: one.summary, ...resultOf(one) },
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
      return { result: 'not concerned', tone: 'plain' };
    case 'pending':
      return { result: 'waits for its turn', tone: 'waits' };
    case 'parked': {
      const again = one.retryAt ? `again ${exactTime(one.retryAt)}` : 'tried again';
      return {
        result: failures === 0 ? `stepped aside, ${again}` : `failed ${times(failures)}, ${again}`,
        tone: 'waits',
      };
    }
    case 'dead':
      return { result: `failed ${times(Math.max(1, failures))}: needs a person`, tone: 'bad' };
    case 'discarded':
      return {
        result: `discarded by ${one.discardedBy}${failures === 0 ? '' : `, failed ${times(failures)}`}`,
        tone: 'bad',
      };
  }
}

function broadcastRow(event: ChainedEvent, depth: number): StoryRow {
  const { broadcasts } = event;
  const at = broadcasts.find((one) => one.at)?.at ?? null;
  const name = broadcasts[0]?.event ?? '';
  const after = at === null ? null : Date.parse(at) - Date.parse(event.occurredAt);
  const isSent = broadcasts.every(({ status }) => status === 'sent');
  return {
    ...{ id: `${event.id} broadcast`, kind: 'broadcast', event, depth, failures: [] },
    title: `Told live as ${name}`,
    about: `To whoever listens to ${broadcasts.map(({ topic }) => topic).join(', ')}`,
    result: !isSent ? 'waits to be told' : after === null ? 'told' : `told after ${took(after)}`,
    tone: isSent ? 'good' : 'waits',
    marks: at === null ? [] : [{ ...spanOf(at, 0), tone: 'told', about: `Told ${exactTime(at)}` }],
  };
}

const deliveryWords = {
  queued: 'waits to be sent',
  sending: 'is being sent',
  sent: 'sent',
  delivered: 'arrived',
  read: 'read',
  failed: 'not delivered',
} as const;

function deliveryRow(event: ChainedEvent, depth: number, one: Delivery): StoryRow {
  const { attempts, status, channel, contactId } = one;
  const wrong = attempts.filter(({ outcome }) => outcome !== 'sent' && outcome !== 'open');
  const isGood = status === 'sent' || status === 'delivered' || status === 'read';
  return {
    ...{ id: `${event.id} delivery ${one.id}`, kind: 'delivery', event, depth },
    title: `Sent through ${channel}`,
    about: `To ${contactId}${one.fallbackOf === null ? '' : ', since the way before it failed'}`,
    result: `${deliveryWords[status]}, tried ${times(attempts.length)}`,
    tone: isGood ? 'good' : status === 'failed' ? 'bad' : 'waits',
    marks: attempts.map((attempt) => {
      const from = Date.parse(attempt.startedAt);
      const to = attempt.finishedAt === null ? from : Date.parse(attempt.finishedAt);
      const tone = attempt.outcome === 'sent' ? 'good' : attempt.outcome === 'open' ? 'waits' : 'bad';
      return { from, to, tone, about: attempt.error ?? attempt.outcome };
    }),
    failures: wrong.map(
      ({ startedAt, error, outcome }, index) =>
        `Attempt ${index + 1}, ${exactTime(startedAt)}: ${firstLine(error ?? outcome)}`,
    ),
  };
}

function spanOf(at: string, durationMs: number): Span {
  const from = Date.parse(at);
  return { from, to: from + durationMs };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
