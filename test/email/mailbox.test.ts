import { afterEach, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { startSecondNode } from '../support/product.ts';

let mailbox: TestMailbox;
let product: EmailProduct;
afterEach(async () => {
  await product.stop();
  await mailbox.stop();
});

async function start(emails: readonly string[] = []): Promise<void> {
  mailbox = await startMailbox(emails);
  product = await startEmail({ channel: { imap: settings() } });
  await expect.poll(() => cursor()).toBeDefined();
}

const settings = (password = mailbox.password) => ({
  host: '127.0.0.1',
  port: mailbox.port,
  tls: 'none',
  user: mailbox.user,
  password,
});
let written = 0;
const email = (from: string, text: string, heads = '') =>
  `From: ${from}\r\nTo: ${support}\r\nMessage-ID: <box-${++written}@home.example>\r\n${heads}\r\n${text}\r\n`;
const textsOf = async (address: string) =>
  (await product.messagesOf(address)).map(({ content }) => content.text);
const cursor = async () => {
  const [row] = await product.database.sql<{ uid_validity: string; last_uid: number }[]>`
    SELECT uid_validity, last_uid FROM mailbox_cursors`;
  return row;
};

describe('the mailbox of a channel', () => {
  it('skips existing emails and receives new ones at once', async () => {
    await start([email('old@home.example', 'from years ago')]);
    mailbox.receive(email('vera@home.example', 'hello'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['hello']);
    mailbox.receive(email('vera@home.example', 'and again'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['hello', 'and again']);
    expect(await textsOf('old@home.example')).toEqual([]);
  });

  it('continues where it stopped after the connection breaks', async () => {
    await start();
    const longAgo = new Date('2020-01-01'); // As with emails moved into this mailbox: only their UIDs are new.
    mailbox.receive(email('vera@home.example', 'one'), longAgo);
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one']);
    mailbox.cut();
    mailbox.receive(email('vera@home.example', 'two'), longAgo);
    mailbox.receive(email('vera@home.example', 'three'), longAgo);
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one', 'two', 'three']);
    expect(mailbox.connections()).toBeGreaterThan(1);
    expect(await product.kept()).toHaveLength(3);
  });

  it('with a new UIDVALIDITY duplicates and skips no email', async () => {
    await start();
    mailbox.receive(email('vera@home.example', 'one'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one']);
    mailbox.renumber();
    mailbox.receive(email('vera@home.example', 'two'));
    mailbox.cut();
    await expect.poll(async () => (await cursor())?.uid_validity).toBe('101');
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one', 'two']);
    expect(await product.kept()).toHaveLength(2);
  });

  it('finds the conversation by the address in the delivery headers', async () => {
    await start();
    const session = await product.writes('vera@home.example');
    const message = await product.replies(session, 'Hello');
    await expect.poll(async () => (await product.deliveryOf(message))?.status).toBe('sent');
    const replyTo = product.post.sent.at(-1)?.email.replyTo?.value[0]?.address;
    mailbox.receive(email('other@home.example', 'Thanks', `Delivered-To: ${replyTo}\r\n`));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['hello', 'Thanks']);
  });

  it('that cannot be opened is audited once, and read when it can be opened', async () => {
    mailbox = await startMailbox();
    product = await startEmail({ channel: { imap: settings('a wrong one') } });
    const audit = () => product.database.sql<{ action: string; detail: { reason?: string } }[]>`
      SELECT action, detail FROM audit_entries WHERE actor = 'mailbox' ORDER BY id`;
    await expect.poll(() => mailbox.connections()).toBeGreaterThan(1);
    expect(await audit()).toEqual([
      { action: 'mailbox.down', detail: { reason: 'The mail server rejected the login.' } },
    ]);
    mailbox.changePassword('a wrong one');
    await expect
      .poll(async () => (await audit()).map(({ action }) => action))
      .toEqual(['mailbox.down', 'mailbox.up']);
    mailbox.receive(email('vera@home.example', 'hello'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['hello']);
  });

  it('is read by one of two nodes, and taken over when that node stops', async () => {
    await start();
    const other = await startSecondNode(product);
    await expect.poll(() => mailbox.readers()).toBe(1);
    mailbox.receive(email('vera@home.example', 'one'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one']);
    await other.stop();
    await expect.poll(() => mailbox.readers()).toBe(1);
    mailbox.receive(email('vera@home.example', 'two'));
    await expect.poll(() => textsOf('vera@home.example')).toEqual(['one', 'two']);
    expect(await product.kept()).toHaveLength(2);
  });
});
