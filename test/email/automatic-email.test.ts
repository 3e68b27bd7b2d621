import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';
import { quick } from '../support/facebook.ts';

let product: EmailProduct;
beforeAll(async () => {
  // An email that a slow machine does not confirm in time would be sent twice.
  const delivery = { ...quick, timeoutMs: 60_000 };
  product = await startEmail({ channel: { automaticPerHour: 2 }, settings: { delivery } });
});
afterAll(() => product.stop());

let people = 0;
const newAddress = () => `machine-${++people}@home.example`;
const textsOf = async (address: string) =>
  (await product.messagesOf(address)).map(({ content }) => content.text);

/** Sends an email and waits until it is processed. @returns its record. */
async function taken(email: Parameters<EmailProduct['send']>[0]) {
  const { messageId } = await product.send(email);
  const find = async () => (await product.kept()).find((one) => one.message_id === messageId);
  await expect.poll(async () => (await find())?.status).not.toBe('received');
  return find();
}

/** An agent has written to a new contact, and the email was sent. */
async function written() {
  const person = newAddress();
  const session = await product.writes(person);
  const message = await product.replies(session, 'Hello');
  await expect.poll(async () => (await product.deliveryOf(message))?.status).toBe('sent');
  const sent = product.post.sent.filter(({ to }) => to === person).at(-1);
  return {
    person,
    session,
    message,
    messageId: sent?.email.messageId ?? '',
    raw: sent?.raw ?? Buffer.alloc(0),
  };
}

describe('an automatic email', () => {
  it('is stored and marked, and an out-of-office notice opens no case', async () => {
    const person = newAddress();
    const record = await taken({
      from: person,
      headers: { 'Auto-Submitted': 'auto-replied' },
      text: 'I am away',
    });
    expect(record?.status).toBe('handled');
    await expect.poll(() => textsOf(person)).toEqual(['I am away']);
    const [message] = await product.messagesOf(person);
    expect(message?.content.email).toEqual({ automatic: 'reply' });
    const next = newAddress();
    await product.writes(next); // By then the previous one has been handled.
    const cases = await product.database.sql`
      SELECT id FROM cases WHERE conversation_key = ${`1/mail:${person}`}`;
    expect(cases).toEqual([]);
  });

  it('in bulk goes to agents if a rule says so, without an automatic reply', async () => {
    const person = `noreply@offers-${++people}.example`;
    const session = await product.writes(person, { text: 'Offers!' });
    const message = await product.replies(session, 'An agent may answer');
    await expect.poll(async () => (await product.deliveryOf(message))?.status).toBe('sent');
    expect(product.post.textsFor(person)).toEqual(['An agent may answer']);
    const [notice] = await product.database.sql`
      SELECT delivery_status, delivery_error FROM messages
      WHERE session_id = ${session} AND content ->> 'text' = 'In line.'`;
    expect(notice?.delivery_status).toBe('failed');
    expect(notice?.delivery_error).toMatch(/does not reply to automatic messages/);
  });

  it('that we sent ourselves is ignored', async () => {
    const { messageId } = await written();
    const record = await taken({ from: newAddress(), messageId, text: 'Hello' });
    expect(record).toMatchObject({ status: 'ignored', note: 'an email that this server sent' });
  });

  it('from the address of a channel is ignored', async () => {
    const record = await taken({ from: support, text: 'Hello me' });
    expect(record).toMatchObject({ status: 'ignored', note: 'sent from the address of a channel' });
  });
});

describe('two machines that answer each other without automatic headers', () => {
  it('stop at the limit per hour', async () => {
    await withRules([]);
    onTestFinished(() => withRules([{ name: 'all', when: 'true', action: 'queue' }]));
    const person = newAddress();
    for (let number = 1; number <= 3; number++) {
      await taken({ from: person, text: `What? ${number}` });
      await expect.poll(() => textsOf(person)).toHaveLength(number);
      const answers = () => product.database.sql`
        SELECT id FROM messages WHERE conversation_key = ${`1/mail:${person}`} AND is_reply
          AND delivery_status <> 'pending'`;
      await expect.poll(async () => (await answers()).length).toBeGreaterThanOrEqual(number);
    }
    expect(product.post.textsFor(person)).toHaveLength(2);
  });
});

/** Replaces the routing rules of the tests' app. */
async function withRules(rules: readonly object[]): Promise<void> {
  const admin = await product.employ({ role: 'admin' });
  await admin.call('PUT', '/v1/admin/apps/1/rules', { rules });
}

/** A server's report about an email that it had accepted. */
function report(about: string, status: string, action: string) {
  return [
    'From: Mail Delivery <MAILER-DAEMON@mx.example>',
    `To: ${support}`,
    `Message-ID: <report-${++people}@mx.example>`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Sorry.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    'Final-Recipient: rfc822; someone@home.example',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1 no such user',
    '',
    '--b',
    'Content-Type: message/rfc822',
    '',
    about,
    '--b--',
    '',
  ].join('\r\n');
}

async function bounce(raw: string) {
  const messageId = /^Message-ID: (.*)$/m.exec(raw)?.[1] ?? '';
  await product.send({ envelope: { from: '', to: support }, raw });
  const find = async () => (await product.kept()).find((one) => one.message_id === messageId.trim());
  await expect.poll(async () => (await find())?.status).not.toBe('received');
  return find();
}

describe('a delivery report', () => {
  it('fails the message and notifies the agents', async () => {
    const { message, raw, session } = await written();
    const record = await bounce(report(raw.toString('latin1'), '5.1.1', 'failed'));
    expect(record).toMatchObject({ status: 'handled', note: 'a bounce of a reply' });
    expect((await product.deliveryOf(message))?.status).toBe('failed');
    const [event] = await product.database.sql`
      SELECT data FROM events
      WHERE type = 'MessageDeliveryFailedEvent' AND (data -> 'message' ->> 'id')::int = ${message}`;
    expect(event?.data).toMatchObject({
      error: 'The email was returned (5.1.1): 550 5.1.1 no such user',
      context: { permanent: true, bounced: true },
    });
    const notes = () => product.database.sql`
      SELECT content ->> 'text' AS text FROM messages WHERE session_id = ${session} AND kind = 'note'`;
    await expect
      .poll(async () => (await notes()).map(({ text }) => text))
      .toContainEqual(expect.stringContaining('was not delivered'));
    expect(await bounce(report(raw.toString('latin1'), '5.1.1', 'failed'))).toMatchObject({
      status: 'ignored',
    });
  });

  it('can be followed by a retry, which sends the email again', async () => {
    const { message, raw, person } = await written();
    await bounce(report(raw.toString('latin1'), '5.1.1', 'failed'));
    const sentBefore = product.post.textsFor(person);
    const agent = await product.employ({ role: 'supervisor' });
    const retry = async () => (await agent.call('POST', `/v1/messages/${message}/retry`)).status;
    await expect.poll(retry).toBe(202);
    await expect.poll(async () => (await product.deliveryOf(message))?.status).toBe('sent');
    expect(product.post.textsFor(person)).toEqual([...sentBefore, sentBefore.at(-1)]);
  });

  it('of a delay adds a note, and the message stays sent', async () => {
    const { message, raw, session } = await written();
    await bounce(report(raw.toString('latin1'), '4.4.1', 'delayed'));
    expect((await product.deliveryOf(message))?.status).toBe('sent');
    const notes = await product.database.sql`
      SELECT content ->> 'text' AS text FROM messages WHERE session_id = ${session} AND kind = 'note'`;
    expect(notes.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('has not reached the customer yet'),
    );
  });

  it('that is forged fails nothing', async () => {
    const { message, messageId } = await written();
    const forged = messageId.replace(/\.[0-9a-f]{20}@/, `.${'0'.repeat(20)}@`);
    const record = await bounce(report(`Message-ID: ${forged}\r\n\r\n`, '5.1.1', 'failed'));
    expect(record).toMatchObject({
      status: 'ignored',
      note: 'a report about an email that this server did not send',
    });
    expect((await product.deliveryOf(message))?.status).toBe('sent');
  });
});
