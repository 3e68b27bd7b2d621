import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';

let product: EmailProduct;
beforeAll(async () => {
  product = await startEmail({ env: { SMTP_MAX_BYTES: '200000', SMTP_SENDER_LIMIT: '5' } });
});
afterAll(() => product.stop());

let people = 0;
const newAddress = () => `person-${++people}@home.example`;
const textsOf = async (address: string) =>
  (await product.messagesOf(address)).map(({ content }) => content.text);

describe('an email to a channel’s address', () => {
  it('becomes a message in the conversation of its sender', async () => {
    const vera = newAddress();
    await product.send({ from: `Vera <${vera}>`, subject: 'My order', text: 'Where is it?' });
    await expect.poll(() => textsOf(vera)).toEqual(['Where is it?']);
    const [message] = await product.messagesOf(vera);
    expect(message?.content.email).toEqual({ subject: 'My order' });
    const [customer] = await product.database.sql`
      SELECT name, email FROM customers WHERE conversation_key = ${`1/mail:${vera}`}`;
    expect(customer).toEqual({ name: 'Vera', email: vera });
  });

  it('is stored byte for byte', async () => {
    const from = newAddress();
    const raw = Buffer.from(
      `From: ${from}\r\nMessage-ID: <bytes@home.example>\r\n\r\n\xe4\xf6\xfc\r\n`,
      'latin1',
    );
    await product.send({ envelope: { from, to: support }, raw });
    const email = (await product.kept()).find(({ message_id }) => message_id === '<bytes@home.example>');
    expect(email?.raw.toString('latin1')).toBe(raw.toString('latin1'));
  });

  it('is stored once, however often it arrives', async () => {
    const from = newAddress();
    const email = { from, messageId: '<once@home.example>', text: 'once' };
    await product.send(email);
    await product.send(email);
    await product.send({ from, text: 'another' });
    await expect.poll(() => textsOf(from)).toEqual(['once', 'another']);
  });

  it('cannot be suppressed by another email with its Message-ID', async () => {
    const [thief, vera] = [newAddress(), newAddress()];
    await product.send({ from: thief, messageId: '<mine@home.example>', text: 'first' });
    await product.send({ from: vera, messageId: '<mine@home.example>', text: 'the true one' });
    await expect.poll(() => textsOf(vera)).toEqual(['the true one']);
  });

  it('is processed after earlier emails of the same sender', async () => {
    const from = newAddress();
    for (let number = 1; number <= 5; number++) await product.send({ from, text: `email ${number}` });
    await expect.poll(() => textsOf(from)).toHaveLength(5);
    expect(await textsOf(from)).toEqual(['email 1', 'email 2', 'email 3', 'email 4', 'email 5']);
  });

  it('is deferred if its sender has sent too many', async () => {
    const from = newAddress();
    for (let number = 1; number <= 5; number++) await product.send({ from, text: `email ${number}` });
    await expect(product.send({ from, text: 'email 6' })).rejects.toMatchObject({ responseCode: 451 });
  });
});

describe('a recipient', () => {
  it.each(['unknown@shop.example', 'support@elsewhere.example', 'support@shop.example.com'])(
    '%s is rejected as unknown',
    async (to) => {
      await expect(product.send({ from: newAddress(), to, text: 'hello' })).rejects.toMatchObject({
        responseCode: 550,
      });
    },
  );

  it.each(['Support@SHOP.example', 'support+anything@shop.example'])(
    '%s is delivered to the channel',
    async (to) => {
      const from = newAddress();
      await product.send({ from, to, text: 'hello' });
      await expect.poll(() => textsOf(from)).toEqual(['hello']);
    },
  );

  it('of a disabled channel is unknown', async () => {
    const admin = await product.employ({ role: 'admin' });
    const settings = { address: 'off@shop.example' };
    await admin.call('PUT', '/v1/admin/apps/1/channels/off', { kind: 'email', enabled: false, settings });
    await expect(
      product.send({ from: newAddress(), to: 'off@shop.example', text: 'hello' }),
    ).rejects.toMatchObject({
      responseCode: 550,
    });
  });
});

describe('an email that is too large', () => {
  it('is rejected with 552 before it is sent, if its size is declared', async () => {
    const sending = product.send({ from: newAddress(), text: 'x'.repeat(300_000) });
    await expect(sending).rejects.toMatchObject({ responseCode: 552 });
  });
});
