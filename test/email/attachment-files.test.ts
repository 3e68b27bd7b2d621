import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';

let product: EmailProduct;
let sql: EmailProduct['database']['sql'];
beforeAll(async () => {
  product = await startEmail({ env: { EVENT_RETRY_ATTEMPTS: '20' } });
  sql = product.database.sql;
  await sql.unsafe(`
    CREATE TABLE outage (of_table text);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM outage WHERE of_table = TG_TABLE_NAME) THEN RAISE EXCEPTION 'not now'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TRIGGER refuse BEFORE UPDATE OF conversation_key ON inbound_emails
      FOR EACH ROW EXECUTE FUNCTION refuse()`);
});
afterAll(() => product.stop());

/** Writing to a table fails until the function that is returned is called. */
async function failToWrite(table: 'messages' | 'inbound_emails'): Promise<() => Promise<unknown>> {
  await sql`INSERT INTO outage VALUES (${table})`;
  return () => sql`DELETE FROM outage`;
}

/** Sends an email with a file. @returns its Message-ID. */
async function send(from: string, name: string): Promise<string> {
  const attachments = [{ filename: name, content: `the content of ${name}` }];
  return (await product.send({ from, text: 'See the file', attachments })).messageId;
}

const emailOf = async (messageId: string) =>
  (await product.kept()).find(({ message_id }) => message_id === messageId);

/** How many files of a name are stored. */
const copies = async (name: string) => (await sql`SELECT FROM files WHERE name = ${name}`).length;

/** Makes all files a day older. */
async function passADay(): Promise<void> {
  await sql`UPDATE files SET created_at = created_at - interval '25 hours'`;
}

/** Deletes unused files, as a timer does every hour. */
async function deleteUnused(): Promise<void> {
  const [{ job } = { job: '' }] = await sql<{ job: string }[]>`
    SELECT id AS job FROM graphile_worker.add_job('sweep-files')`;
  await expect.poll(() => sql`SELECT FROM graphile_worker.jobs WHERE id = ${job}`).toEqual([]);
}

/** Opens the file of the only message of a customer. */
async function open(person: string): Promise<string> {
  await expect.poll(() => product.messagesOf(person)).toHaveLength(1);
  const [message] = await product.messagesOf(person);
  return (await fetch(message?.content.attachments[0].url)).text();
}

it('the file of an ignored email is deleted after a day', async () => {
  const email = await send(support, 'ignored.txt');
  await expect.poll(async () => (await emailOf(email))?.status).toBe('ignored');
  expect(await copies('ignored.txt')).toBe(1);
  await passADay();
  await deleteUnused();
  expect(await copies('ignored.txt')).toBe(0);
});

it('the file of an email is kept while its message waits to be stored', async () => {
  const recover = await failToWrite('messages');
  const email = await send('vera@home.example', 'waiting.txt');
  await expect.poll(async () => (await emailOf(email))?.status).toBe('handled');
  await passADay();
  await deleteUnused();
  await recover();
  expect(await open('vera@home.example')).toBe('the content of waiting.txt');
});

it('the file of an email that is processed again is stored once and kept', async () => {
  const recover = await failToWrite('inbound_emails');
  const email = await send('wim@home.example', 'repeated.txt');
  await expect.poll(async () => (await emailOf(email))?.note).toContain('not now');
  await passADay();
  await recover();
  await expect.poll(async () => (await emailOf(email))?.status).toBe('handled');
  await deleteUnused();
  expect(await copies('repeated.txt')).toBe(1);
  expect(await open('wim@home.example')).toBe('the content of repeated.txt');
});

it('a file that two emails have is stored once and kept', async () => {
  for (const person of ['xena@home.example', 'yuri@home.example']) {
    await send(person, 'logo.txt');
    expect(await open(person)).toBe('the content of logo.txt');
  }
  expect(await copies('logo.txt')).toBe(1);
  await passADay();
  await deleteUnused();
  expect(await open('yuri@home.example')).toBe('the content of logo.txt');
});
