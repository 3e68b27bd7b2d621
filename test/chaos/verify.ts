import type { Sql } from '../../packages/server/src/db/sql.ts';
import { openingHours } from '../support/bot-replies.ts';
import type { ChaosVisitor } from './visitor.ts';

/** Everything that is wrong after a run; each entry is one sentence. */
export async function findViolations(sql: Sql, visitors: readonly ChaosVisitor[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const visitor of visitors) wrong.push(...(await checkConversation(sql, visitor)));
  wrong.push(...(await checkLog(sql)));
  return wrong;
}

async function checkConversation(sql: Sql, visitor: ChaosVisitor): Promise<string[]> {
  const name = `Session ${visitor.sessionId}`;
  const stored = await sql<{ id: number; from: string; text: string | null }[]>`
    SELECT id, sender_type AS from, content->>'text' AS text FROM messages
    WHERE session_id = ${visitor.sessionId} ORDER BY id`;
  const written = stored.filter(({ from }) => from === 'customer');
  const replies = stored.filter(({ from, text }) => from === 'bot' && text?.startsWith(openingHours));
  const wrong = visitor.wrong.map((what) => `${name}: ${what}.`);
  for (const { id, text } of visitor.accepted) {
    const copies = written.filter((one) => one.text === text);
    if (copies.length !== 1 || copies[0]?.id !== id) {
      wrong.push(`${name}: "${text}" was accepted as ${id} and is stored ${copies.length} times.`);
    }
  }
  const texts = written.map(({ text }) => text);
  if (new Set(texts).size !== texts.length) wrong.push(`${name}: a message is stored twice.`);
  const order = visitor.accepted.map(({ text }) => text);
  const inOrder = texts.filter((text) => order.includes(text ?? ''));
  if (String(inOrder) !== String(order))
    wrong.push(`${name}: its messages are not in the order they were written.`);
  if (replies.length !== written.length) {
    wrong.push(`${name}: ${written.length} messages have ${replies.length} replies.`);
  }
  const shown = new Set(visitor.shown().map(({ id }) => id));
  const unseen = stored.filter(({ id }) => !shown.has(id));
  if (unseen.length > 0) {
    const first = unseen.slice(0, 5).map(({ id, from }) => `${from} ${id}`);
    wrong.push(
      `${name}: its client has not shown ${unseen.length} messages, among them ${first.join(', ')}.`,
    );
  }
  return wrong;
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
