import type { Sql } from '../../packages/server/src/db/sql.ts';
import type { ChaosAgent } from './agent.ts';
import type { Shown } from './screen.ts';
import type { ChaosContact } from './telegram.ts';
import { type ChaosVisitor, isQuestion } from './visitor.ts';
import type { Accepted } from './write.ts';

/** Who takes part in a run. */
export interface People {
  readonly visitors: readonly ChaosVisitor[];
  readonly agents: readonly ChaosAgent[];
  readonly contacts: readonly ChaosContact[];
}

/** Someone who writes in a conversation and watches it. */
interface Writing {
  readonly sessionId: number;
  readonly accepted: readonly Accepted[];
  readonly wrong: readonly string[];
  shown(): readonly Shown[];
}

interface Stored {
  readonly id: number;
  readonly from: string;
  readonly text: string | null;
}

/** Everything that is wrong after a run; each entry is one sentence. */
export async function findViolations(sql: Sql, people: People): Promise<string[]> {
  return [...(await findPeopleViolations(sql, people)), ...(await findLogViolations(sql))];
}

/** What is wrong with what these people have written and received. */
export async function findPeopleViolations(
  sql: Sql,
  { visitors, agents, contacts }: People,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const visitor of visitors) {
    const stored = await storedOf(sql, visitor.sessionId);
    wrong.push(...checkWriting('customer', visitor, stored), ...checkReplies(visitor, stored));
    // A page that has received nothing was not under test.
    if (visitor.follower.count() === 0) {
      wrong.push(`Session ${visitor.sessionId}: pusher-js has received nothing.`);
    }
  }
  for (const agent of agents) {
    wrong.push(...checkWriting('agent', agent, await storedOf(sql, agent.sessionId)));
  }
  for (const contact of contacts) wrong.push(...(await checkContact(sql, contact)));
  return wrong;
}

function storedOf(sql: Sql, sessionId: number): Promise<Stored[]> {
  return sql<Stored[]>`
    SELECT id, sender_type AS from, content->>'text' AS text FROM messages
    WHERE session_id = ${sessionId} ORDER BY id`;
}

/** Whether what someone wrote is stored once and in order, and their screen shows all of the conversation. */
function checkWriting(from: string, person: Writing, stored: readonly Stored[]): string[] {
  const name = `Session ${person.sessionId}, ${from}`;
  const written = stored.filter((one) => one.from === from);
  const wrong = person.wrong.map((what) => `${name}: ${what}.`);
  for (const { id, text } of person.accepted) {
    const copies = written.filter((one) => one.text === text);
    if (copies.length !== 1 || copies[0]?.id !== id) {
      wrong.push(`${name}: "${text}" was accepted as ${id} and is stored ${copies.length} times.`);
    }
  }
  const texts = written.map(({ text }) => text);
  if (new Set(texts).size !== texts.length) wrong.push(`${name}: a message is stored twice.`);
  const order = person.accepted.map(({ text }) => text);
  const inOrder = texts.filter((text) => order.includes(text ?? ''));
  if (String(inOrder) !== String(order)) {
    wrong.push(`${name}: the messages are not in the order they were written.`);
  }
  const shown = new Set(person.shown().map(({ id }) => id));
  const unseen = stored.filter(({ id }) => !shown.has(id));
  if (unseen.length > 0) {
    const first = unseen.slice(0, 5).map((one) => `${one.from} ${one.id}`);
    wrong.push(
      `${name}: the screen has not shown ${unseen.length} messages, among them ${first.join(', ')}.`,
    );
  }
  return wrong;
}

/** Whether each question of a visitor has one reply. */
function checkReplies({ sessionId, replyBegins }: ChaosVisitor, stored: readonly Stored[]): string[] {
  const questions = stored.filter(({ from, text }) => from === 'customer' && isQuestion(text));
  const replies = stored.filter(({ from, text }) => from !== 'customer' && text?.startsWith(replyBegins));
  if (replies.length === questions.length) return [];
  return [`Session ${sessionId}: ${questions.length} questions have ${replies.length} replies.`];
}

interface Delivered {
  readonly text: string;
  readonly status: string;
  /** Attempts whose outcome is unknown. */
  readonly doubts: number;
}

/**
 * Whether each question of a contact is stored once and in order, and its one reply reached them in order: twice, or not
 * at all, only if it is recorded that the outcome of an attempt is unknown.
 */
async function checkContact(sql: Sql, contact: ChaosContact): Promise<string[]> {
  const { id, accepted, telegram } = contact;
  const name = `Contact ${id}`;
  const isOf = sql`messages.app_id = ${telegram.appId} AND messages.conversation_key LIKE ${`%:${id}`}`;
  const asked = await sql<{ text: string }[]>`
    SELECT content->>'text' AS text FROM messages WHERE ${isOf} AND sender_type = 'customer' ORDER BY id`;
  const replies = await sql<Delivered[]>`
    SELECT content->>'text' AS text, coalesce(status, 'missing') AS status, coalesce(doubts, 0) AS doubts
    FROM messages LEFT JOIN deliveries ON deliveries.message_id = messages.id
    WHERE ${isOf} AND sender_type = 'bot' ORDER BY messages.id`;
  const wrong = contact.wrong.map((what) => `${name}: ${what}.`);
  const questions = asked.map(({ text }) => text);
  // The last one may have been stored without an answer to Telegram, which then gave up.
  if (String(questions.slice(0, accepted.length)) !== String(accepted)) {
    wrong.push(
      `${name}: ${accepted.length} questions were accepted, and ${questions.length} are stored or in another order.`,
    );
  }
  const expected = questions.map((question) => contact.replyTo(question));
  if (String(replies.map(({ text }) => text)) !== String(expected)) {
    wrong.push(`${name}: ${questions.length} questions have ${replies.length} replies, or in another order.`);
  }
  const received = telegram.received(id);
  for (const { text, status, doubts } of replies) {
    const copies = received.filter((one) => one === text).length;
    const about = `"${text}" is ${status} and was received ${copies} times, with ${doubts} attempts in doubt`;
    // Telegram cannot be asked whether it has a message, and would show it twice: it is not sent again.
    const isFine = status === 'failed' ? doubts > 0 && copies <= doubts : copies > 0 && copies <= 1 + doubts;
    if (!isFine || !['failed', 'sent', 'delivered'].includes(status)) wrong.push(`${name}: ${about}.`);
  }
  const first = [...new Set(received)];
  const inOrder = replies.map(({ text }) => text).filter((text) => received.includes(text));
  if (String(first) !== String(inOrder)) {
    wrong.push(`${name}: the replies were not received in the order of the conversation.`);
  }
  return wrong;
}

/** What is wrong with the log and its events. */
export async function findLogViolations(sql: Sql): Promise<string[]> {
  const gaps = await sql<{ partition: number; head: number; events: number }[]>`
    SELECT partition, head::int, count(events."offset")::int AS events
    FROM log_partitions LEFT JOIN events USING (partition) GROUP BY partition, head
    HAVING count(events."offset") <> head OR coalesce(max(events."offset"), 0) <> head`;
  const parked = await sql<{ subscription: string; status: string; error: string }[]>`
    SELECT subscription, status, last_error AS error FROM parked_events`;
  const unordered = await sql<{ key: string }[]>`
    SELECT key FROM (SELECT key, (data->'message'->>'id')::bigint AS id,
                            lag((data->'message'->>'id')::bigint) OVER (PARTITION BY key ORDER BY "offset") AS before
                     FROM events WHERE type = 'MessageReadyEvent') AS ids
    WHERE before >= id`;
  return [
    ...gaps.map(
      ({ partition, head, events }) => `Partition ${partition} has ${events} events up to ${head}.`,
    ),
    ...parked.map(({ subscription, status, error }) => `${subscription} has a ${status} event: ${error}`),
    ...unordered.map(({ key }) => `The messages of ${key} are not in order in the log.`),
  ];
}

/** How much is not yet done: events that a listener has not handled, jobs that are due, turns of bots, and deliveries. */
export async function countUnfinished(sql: Sql): Promise<number> {
  const [row] = await sql<{ unfinished: number }[]>`
    SELECT ((SELECT coalesce(sum(head - "offset"), 0) FROM checkpoints JOIN log_partitions USING (partition)
             WHERE head > "offset")
            + (SELECT count(*) FROM parked_events WHERE status = 'waiting')
            + (SELECT count(*) FROM bot_turns WHERE status = 'waiting')
            + (SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending'))
            + (SELECT count(*) FROM graphile_worker.jobs WHERE run_at <= now() AND attempts < max_attempts))::int AS unfinished`;
  return row?.unfinished ?? 0;
}
