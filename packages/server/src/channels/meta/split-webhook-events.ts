import { z } from 'zod';
import type { RawWebhookEvent } from '../channel.ts';
import { fingerprint, unreadableEvent } from '../unreadable-event.ts';
import { graphId } from './to-container.ts';

const entrySchema = z.object({
  id: graphId,
  time: z.number().catch(0),
  messaging: z.array(z.unknown()).catch([]),
  standby: z.array(z.unknown()).catch([]),
  changes: z.array(z.unknown()).catch([]),
});
const lists = ['messaging', 'standby', 'changes'];
const eventSchema = z.record(z.string(), z.unknown());
const partiesSchema = z.object({
  sender: z.object({ id: graphId }),
  recipient: z.object({ id: graphId }).optional().catch(undefined),
  timestamp: z.number().optional().catch(undefined),
});
const midSchema = z.object({ mid: z.string().min(1).max(250) });

/** The contact and deduplication key of an event, and its time in milliseconds (0 if unknown). */
export interface EventIdentity {
  readonly contactId: string;
  readonly deduplicationKey: string;
  readonly atMs: number;
}

/** How a product of Meta differs from the others in its webhook bodies. */
export interface SplitOptions {
  /** The `object` field of its bodies. */
  readonly object: string;
  /** Identifies a change, such as a comment; `undefined` for an unknown type. */
  readonly identifyChange: (
    event: Readonly<Record<string, unknown>>,
    accountId: string,
    entryMs: number,
  ) => EventIdentity | undefined;
}

/**
 * Splits a verified body into its events, ordered by time. A body can contain several accounts and up to a thousand
 * events. A malformed event is returned as unreadable and does not affect the others.
 */
export function splitWebhookEvents(body: unknown, options: SplitOptions): readonly RawWebhookEvent[] {
  return sortByTime(entriesOf(body, options.object).flatMap((entry) => splitEntry(entry, options)));
}

function splitEntry(raw: unknown, options: SplitOptions): (RawWebhookEvent & EventIdentity)[] {
  const entry = entrySchema.safeParse(raw);
  if (!entry.success) return [unreadableEvent(raw)];
  const { id: accountId, time: entryMs, messaging, standby, changes } = entry.data;
  // An entry without known lists is stored as well.
  if (messaging.length + standby.length + changes.length === 0) return [unreadableEvent(raw, accountId)];
  const events = [
    ...[...messaging, ...changes].map((event) => ({ event, mark: {} })),
    // Another app owns these conversations at the moment: we see their events, but must not reply.
    ...standby.map((event) => ({ event, mark: { isStandby: true } })),
  ].map(({ event, mark }) => {
    const parsed = eventSchema.safeParse(event);
    if (!parsed.success) return unreadableEvent(event, accountId);
    const marked = { ...parsed.data, ...mark };
    const identity = identify(marked, accountId) ?? options.identifyChange(marked, accountId, entryMs);
    return { ...(identity ?? unknownEvent(marked, accountId)), accountId, payload: { ...marked, accountId } };
  });
  return [...events, ...malformedLists(raw as object, lists).map((rest) => unreadableEvent(rest, accountId))];
}

/**
 * If a field that should be a list of events is not a list: the object without its valid lists. Its other fields are
 * included so that two such objects get different fingerprints.
 */
export function malformedLists(given: object, names: readonly string[]): object[] {
  const isList = ([name, value]: readonly [string, unknown]) => names.includes(name) && Array.isArray(value);
  const left = Object.fromEntries(Object.entries(given).filter((entry) => !isList(entry)));
  return names.some((name) => name in left) ? [left] : [];
}

/** The entries of a body with this `object`; a body with another `object` has none. */
export function entriesOf(body: unknown, object: string): readonly unknown[] {
  const envelope = z.object({ object: z.literal(object), entry: z.array(z.unknown()) });
  return envelope.safeParse(body).data?.entry ?? [];
}

/** Sorts events by time; the sort is stable. */
export function sortByTime(events: readonly (RawWebhookEvent & EventIdentity)[]): readonly RawWebhookEvent[] {
  return events.toSorted((one, other) => one.atMs - other.atMs).map(({ atMs: _atMs, ...event }) => event);
}

function identify(event: Record<string, unknown>, accountId: string): EventIdentity | undefined {
  const parties = partiesSchema.safeParse(event);
  if (!parties.success) return undefined;
  const { sender, recipient, timestamp = 0 } = parties.data;
  // An event sent by the account itself, such as an echo, belongs to its recipient's conversation.
  const contactId = sender.id === accountId && recipient ? recipient.id : sender.id;
  return { contactId, deduplicationKey: midOf(event) ?? fingerprint(event), atMs: timestamp };
}

function unknownEvent(event: Record<string, unknown>, accountId: string): EventIdentity {
  return { contactId: `page ${accountId}`, deduplicationKey: fingerprint(event), atMs: 0 };
}

function midOf({ message, postback, isStandby }: Record<string, unknown>): string | undefined {
  const parsed = midSchema.safeParse(message ?? postback);
  if (!parsed.success) return undefined;
  if (isStandby === true) return `standby ${parsed.data.mid}`;
  // A deletion has the id of the message that it deletes.
  return (message as { is_deleted?: unknown })?.is_deleted === true
    ? `deleted ${parsed.data.mid}`
    : parsed.data.mid;
}
