import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FacebookProduct, ofComment, startFacebook } from '../support/facebook.ts';

/** A one-pixel image. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
/** The provider's server of files: it answers when the test says so. */
const downloads: ServerResponse[] = [];
const host = createServer((_request, response) => void downloads.push(response));

let product: FacebookProduct;
let sql: FacebookProduct['database']['sql'];
beforeAll(async () => {
  product = await startFacebook({ env: { EVENT_RETRY_ATTEMPTS: '20', FETCH_PRIVATE_ADDRESSES: 'true' } });
  await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
  sql = product.database.sql;
  await sql.unsafe(`
    CREATE TABLE outage (comment text);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM outage WHERE comment = NEW.external_id) THEN RAISE EXCEPTION 'not now'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
});
afterAll(async () => {
  host.close();
  await product.stop();
});

let count = 0;
let id: string;
beforeEach(() => {
  id = `900_${++count}`;
});

/** Storing the comment fails until the function that is returned is called. */
async function failToStore(): Promise<() => Promise<unknown>> {
  await sql`INSERT INTO outage VALUES (${id})`;
  return () => sql`DELETE FROM outage WHERE comment = ${id}`;
}

/** Posts a webhook about the comment of this test, and waits until its event has been handled. */
async function post(verb: 'add' | 'edited' | 'remove', fields: object = {}): Promise<void> {
  const from = { id: `customer-${count}`, name: 'Cora' };
  const comment = ofComment({ comment_id: id, from, verb, message: undefined, ...fields });
  const { status } = await product.webhook(comment);
  expect(status).toBe(200);
  await expect.poll(() => sql`SELECT FROM webhook_event_logs WHERE status = 'received'`).toEqual([]);
}
const writes = (message: string) => post('add', { message });
const edits = (message: string) => post('edited', { message });
const deletes = () => post('remove');

/** Writes a comment with a picture. @returns its download, once nothing else is under way. */
async function sendsPicture(message: string): Promise<ServerResponse> {
  const { port } = host.address() as AddressInfo;
  await post('add', { message, photo: `http://127.0.0.1:${port}/${id}.png` });
  await expect.poll(() => downloads.length).toBe(1);
  const unfinished = () => sql`
    SELECT type AS name FROM events JOIN checkpoints USING (partition) WHERE checkpoints."offset" < events."offset"
    UNION ALL
    SELECT task_identifier FROM graphile_worker.jobs
    WHERE run_at <= now() AND attempts < max_attempts AND task_identifier <> 'fetch-attachments'`;
  await expect.poll(unfinished).toEqual([]);
  return downloads.pop() as ServerResponse;
}

const content = async () =>
  (await sql<{ content: object }[]>`SELECT content FROM messages WHERE external_id = ${id}`)[0]?.content;

/** The notes about the comment, oldest first, without its number. */
async function notes(): Promise<readonly string[]> {
  const rows = await sql<{ text: string }[]>`
    SELECT content ->> 'text' AS text FROM messages
    WHERE conversation_key = (SELECT conversation_key FROM messages WHERE external_id = ${id})
      AND kind = 'note' AND content ->> 'text' LIKE 'The customer%message%' ORDER BY id`;
  return rows.map(({ text }) => text.replace(/message \d+/, 'the message'));
}

/** The stored pictures of the comment a day later, when unused ones have been deleted. */
async function filesAfterADay() {
  await sql`UPDATE files SET created_at = created_at - interval '25 hours'`;
  const [{ job } = { job: '' }] = await sql<{ job: string }[]>`
    SELECT id AS job FROM graphile_worker.add_job('sweep-files')`;
  await expect.poll(() => sql`SELECT FROM graphile_worker.jobs WHERE id = ${job}`).toEqual([]);
  return sql`SELECT name FROM files WHERE name = ${`${id}.png`}`;
}

const jobs = () => sql<{ attempts: number; locked_at: string | null }[]>`
  SELECT attempts, locked_at FROM graphile_worker.jobs
  WHERE task_identifier = 'apply-message-change' AND attempts < max_attempts`;
/** Waits until each job for a change has failed once. */
const haveFailed = () =>
  expect
    .poll(async () => (await jobs()).filter((one) => one.attempts === 0 || one.locked_at !== null))
    .toEqual([]);
/** Waits until nothing can change the message any more. */
const areDone = () => expect.poll(jobs).toEqual([]);

describe('a message that is stored late', () => {
  it('stays deleted if the customer edited it first', async () => {
    const recover = await failToStore();
    await writes('Where is it?');
    await edits('Where is my parcel?');
    await haveFailed();
    await recover();
    await expect.poll(content).toBeDefined();
    await deletes();
    await expect.poll(content).toEqual({});
    await areDone();
    expect(await content()).toEqual({});
  });

  it('has the last of its edits', async () => {
    const recover = await failToStore();
    await writes('one');
    for (const text of ['two', 'three', 'four', 'five']) await edits(text);
    await haveFailed();
    await recover();
    await expect.poll(notes).toHaveLength(4);
    expect(await content()).toEqual({ text: 'five' });
    const before = ['one', 'two', 'three', 'four'];
    expect(await notes()).toEqual(before.map((text) => `The customer edited a message. It was: ${text}`));
  });
});

describe('a change that the provider sends before the message', () => {
  it('is applied once the message is stored', async () => {
    await deletes();
    await writes('Where is it?');
    await expect.poll(content).toEqual({});
    expect(await notes()).toEqual(['The customer deleted a message.']);
  });

  it('gives way to later changes', async () => {
    await edits('two');
    await edits('three');
    await haveFailed();
    await writes('one');
    await edits('four');
    await expect.poll(content).toEqual({ text: 'four' });
    await areDone();
    expect(await content()).toEqual({ text: 'four' });
  });
});

describe('an edited message', () => {
  it('has no note if its text is the same', async () => {
    await writes('Where is it?');
    await edits('Where is it?');
    await edits('Where is my parcel?');
    await edits('Where is my parcel?');
    await edits('Found it.');
    await expect.poll(content).toEqual({ text: 'Found it.' });
    const before = ['Where is it?', 'Where is my parcel?'];
    expect(await notes()).toEqual(before.map((text) => `The customer edited a message. It was: ${text}`));
  });
});

describe('a message with a picture', () => {
  it('keeps our copy of the picture if it is edited while that is stored', async () => {
    const download = await sendsPicture('Look');
    const areWaiting = (waiting: number) =>
      expect
        .poll(
          () => sql`
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
        .toHaveLength(waiting);
    await sql.begin(async (tx) => {
      await tx`
        SELECT FROM sessions WHERE id = (SELECT session_id FROM messages WHERE external_id = ${id}) FOR UPDATE`;
      download.end(png);
      await areWaiting(1);
      await edits('Look here');
      await areWaiting(2);
    });
    await expect.poll(content).toMatchObject({ text: 'Look here' });
    expect(await content()).toMatchObject({ attachments: [{ fileId: expect.any(String) }] });
  });

  it('loses the picture a day after the customer deleted it', async () => {
    (await sendsPicture('Look')).end(png);
    await expect.poll(content).toMatchObject({ attachments: [{ fileId: expect.any(String) }] });
    expect(await filesAfterADay()).toEqual([{ name: `${id}.png` }]);
    await deletes();
    await expect.poll(content).toEqual({});
    expect(await filesAfterADay()).toEqual([]);
  });

  it('keeps no picture if it is deleted during the download', async () => {
    const download = await sendsPicture('Look');
    await deletes();
    await expect.poll(content).toEqual({});
    download.end(png);
    await expect
      .poll(() => sql`SELECT FROM graphile_worker.jobs WHERE task_identifier = 'fetch-attachments'`)
      .toEqual([]);
    expect(await content()).toEqual({});
    expect(await filesAfterADay()).toEqual([]);
  });
});

describe('a deleted message', () => {
  it('stays deleted if the provider sends an edit after the deletion', async () => {
    await writes('Where is it?');
    await expect.poll(content).toBeDefined();
    await deletes();
    await edits('Where is my parcel?');
    await writes('Where is it?');
    await expect.poll(content).toEqual({});
    await areDone();
    expect(await content()).toEqual({});
    expect(await notes()).toEqual(['The customer deleted a message.']);
  });
});
