import type { Sql } from '../../packages/server/src/db/sql.ts';
import type { ChaosAgent } from './agent.ts';
import type { Shown } from './screen.ts';
import { type ChaosVisitor, isQuestion } from './visitor.ts';
import type { Accepted } from './write.ts';

/** Who takes part in a run. */
export interface People {
  readonly visitors: readonly ChaosVisitor[];
  readonly agents: readonly ChaosAgent[];
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
export async function findViolations(sql: Sql, { visitors, agents }: People): Promise<string[]> {
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
  wrong.push(...(await checkLog(sql)));
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

async function checkLog(sql: Sql): Promise<string[]> {
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

/** How much is not yet done: events that a listener has not handled, and jobs that are due. */
export async function countUnfinished(sql: Sql): Promise<number> {
  const [row] = await sql<{ unfinished: number }[]>`
    SELECT ((SELECT coalesce(sum(head - "offset"), 0) FROM checkpoints JOIN log_partitions USING (partition)
             WHERE head > "offset")
            + (SELECT count(*) FROM parked_events WHERE status = 'waiting')
            + (SELECT count(*) FROM graphile_worker.jobs WHERE run_at <= now() AND attempts < max_attempts))::int AS unfinished`;
  return row?.unfinished ?? 0;
}
