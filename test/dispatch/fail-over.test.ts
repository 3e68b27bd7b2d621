import { beforeEach, describe, expect, it } from 'vitest';
import { effectsOf, eventually, recording, type TestNode } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const { start } = useNodes({ allowLeaks: true });
let node: TestNode;
beforeEach(async () => {
  node = await start([recording('First')]);
});

const handled = (count: number) =>
  eventually(
    async () => (await effectsOf(node, 'First')).key ?? [],
    (numbers) => numbers.length >= count,
  );

/** What is left after a fail-over to a replica that had not received the events after an offset. */
async function failOver(offset: number): Promise<void> {
  await node.database.sql.begin(async (sql) => {
    await sql`DELETE FROM events WHERE "offset" > ${offset}`;
    await sql`DELETE FROM effects WHERE number > ${offset}`;
    await sql`UPDATE log_partitions SET head = least(head, ${offset})`;
    await sql`UPDATE checkpoints SET "offset" = least("offset", ${offset})`;
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  });
}

describe('after a fail-over to a database that was behind', () => {
  it('only events that exist are handled, and all of them', async () => {
    for (const number of [1, 2, 3, 4]) await raise(node, 'key', number);
    await handled(4);
    await failOver(1);
    // At the offsets of lost ones, of which this node remembers more.
    await raise(node, 'key', 12);
    await raise(node, 'key', 13);
    expect(await handled(3)).toEqual([1, 12, 13]);
    await raise(node, 'key', 14);
    expect(await handled(4)).toEqual([1, 12, 13, 14]);
  });
});
