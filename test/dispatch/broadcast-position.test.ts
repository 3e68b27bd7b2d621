import { expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const { start } = useNodes();

it('the position of broadcasts is stored after a failure, without another event', async () => {
  const one = await start([], { publish: async () => {} });
  const { sql } = one.database;
  await sql`
    CREATE FUNCTION reject_position() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no space left'; END $$`;
  await sql`
    CREATE TRIGGER reject_position BEFORE UPDATE ON checkpoints FOR EACH ROW
    WHEN (NEW.subscription = 'Broadcast') EXECUTE FUNCTION reject_position()`;
  await raise(one, 'key');
  const failure = { level: 'warn', message: 'failed to store the position of broadcasts; retrying' };
  const failures = () => one.logged.filter(({ message }) => message === failure.message);
  await eventually(failures, ({ length }) => length > 0);
  expect(failures()[0]).toMatchObject({
    ...failure,
    detail: { partition: expect.any(Number), err: expect.objectContaining({ message: 'no space left' }) },
  });

  await sql`DROP TRIGGER reject_position ON checkpoints`;
  const behind = () => sql`
    SELECT FROM checkpoints JOIN log_partitions USING (partition)
    WHERE subscription = 'Broadcast' AND "offset" < head`;
  await eventually(behind, ({ length }) => length === 0);
  // It is not repeated once it has succeeded.
  const before = failures().length;
  await raise(one, 'key');
  await eventually(behind, ({ length }) => length === 0);
  expect(failures()).toHaveLength(before);
});
