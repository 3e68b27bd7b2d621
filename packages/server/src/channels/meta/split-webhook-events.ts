import { z } from 'zod';
import type { RawWebhookEvent } from '../channel.ts';
import { fingerprint, unreadableEvent } from '../unreadable-event.ts';
import { graphId } from './to-container.ts';

const entrySchema = z.object({
  id: graphId,
  messaging: z.array(z.unknown()).catch([]),
  standby: z.array(z.unknown()).catch([]),
  changes: z.array(z.unknown()).catch([]),
});
const lists = ['messaging', 'standby', 'changes'];
const updateSchema = z.record(z.string(), z.unknown());
const partiesSchema = z.object({
  sender: z.object({ id: graphId }),
  recipient: z.object({ id: graphId }).optional().catch(undefined),
  timestamp: z.number().optional().catch(undefined),
});
const midSchema = z.object({ mid: z.string().min(1).max(250) });

/** Whose an update is, what its repeats are known by, and when it happened, in milliseconds. */
export interface EventIdentity {
  readonly contactId: string;
  readonly deduplicationKey: string;
  readonly atMs: number;
}

/** What sorts of updates a product of Meta's has beside those of threads. */
export interface SplitOptions {
  /** The `object` of its bodies. */
  readonly object: string;
  /** Whose a change is (as of a comment); `undefined` for one of no kind that we know. */
  readonly identifyChange: (
    update: Readonly<Record<string, unknown>>,
    accountId: string,
    entryMs: number,
  ) => EventIdentity | undefined;
}

/**
 * Takes a verified body apart into its updates, in the order in which they happened as far as they say so. Several
 * accounts may come in one body, and up to a thousand updates; one that makes no sense is kept as unreadable, and costs
 * none of the others.
 */
export function splitWebhookEvents(body: unknown, options: SplitOptions): readonly RawWebhookEvent[] {
  const entries = entriesOf(body, options.object);
  const updates = entries.flatMap((raw) => {
    const entry = entrySchema.safeParse(raw);
    if (!entry.success) return [unreadableEvent(raw)];
    const { id: accountId, messaging, standby, changes } = entry.data;
    const time = (raw as { time?: unknown }).time;
    const entryMs = typeof time === 'number' ? time : 0;
    // What holds nothing that we look for is kept as well.
    if (messaging.length + standby.length + changes.length === 0) return [unreadableEvent(raw, accountId)];
    const pieces = [
      ...[...messaging, ...changes].map((update) => ({ update, mark: {} })),
      // What another app answers at the moment: ours to see, and not to answer.
      ...standby.map((update) => ({ update, mark: { isStandby: true } })),
    ].flatMap(({ update, mark }) => {
      const parsed = updateSchema.safeParse(update);
      if (!parsed.success) return [unreadableEvent(update, accountId)];
      const marked = { ...parsed.data, ...mark };
      const known = identify(marked, accountId) ?? options.identifyChange(marked, accountId, entryMs);
      return [{ ...(known ?? unknown(marked, accountId)), accountId, payload: { ...marked, accountId } }];
    });
    return [...pieces, ...malformedLists(raw as object, lists).map((odd) => unreadableEvent(odd, accountId))];
  });
  return sortByTime(updates);
}

/**
 * What is left of something without its lists of updates, where one that should be such a list by its name is none:
 * with all that stands beside it, so that two of them are two.
 */
export function malformedLists(given: object, names: readonly string[]): object[] {
  const isList = ([name, value]: readonly [string, unknown]) => names.includes(name) && Array.isArray(value);
  const left = Object.fromEntries(Object.entries(given).filter((entry) => !isList(entry)));
  return names.some((name) => name in left) ? [left] : [];
}

/** The entries of a body of that kind; a body of another kind has none. */
export function entriesOf(body: unknown, object: string): readonly unknown[] {
  const envelope = z.object({ object: z.literal(object), entry: z.array(z.unknown()) });
  return envelope.safeParse(body).data?.entry ?? [];
}

/** Updates as they happened; those that do not say when stay where they are. */
export function sortByTime(
  updates: readonly (RawWebhookEvent & EventIdentity)[],
): readonly RawWebhookEvent[] {
  return updates.toSorted((one, other) => one.atMs - other.atMs).map(({ atMs: _atMs, ...update }) => update);
}

function identify(update: Record<string, unknown>, accountId: string): EventIdentity | undefined {
  const parties = partiesSchema.safeParse(update);
  if (!parties.success) return undefined;
  const { sender, recipient, timestamp = 0 } = parties.data;
  // What the account itself sent, as in an echo, belongs to whom it was sent to.
  const contactId = sender.id === accountId && recipient ? recipient.id : sender.id;
  return { contactId, deduplicationKey: midOf(update) ?? fingerprint(update), atMs: timestamp };
}

function unknown(update: Record<string, unknown>, accountId: string): EventIdentity {
  return { contactId: `page ${accountId}`, deduplicationKey: fingerprint(update), atMs: 0 };
}

function midOf({ message, postback, isStandby }: Record<string, unknown>): string | undefined {
  const parsed = midSchema.safeParse(message ?? postback);
  if (!parsed.success) return undefined;
  if (isStandby === true) return `standby ${parsed.data.mid}`;
  // Taken back under the number of what it takes back.
  return (message as { is_deleted?: unknown })?.is_deleted === true
    ? `deleted ${parsed.data.mid}`
    : parsed.data.mid;
}
