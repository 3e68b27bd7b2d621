import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';
import type { Employed } from '../support/product.ts';

let product: EmailProduct;
let desk: Employed;
beforeAll(async () => {
  product = await startEmail();
  desk = await product.employ();
});
afterAll(() => product.stop());

let people = 0;
const newAddress = () => `writer-${++people}@home.example`;
const messagesOf = (address: string) => product.messagesOf(address);
const textsOf = async (address: string) => (await messagesOf(address)).map(({ content }) => content.text);

/** A customer who has written and was answered by an agent, and that reply as it was received. */
async function answered() {
  const person = newAddress();
  const session = await product.writes(person, { subject: 'My order', text: 'Where is it?' });
  const message = await product.replies(session, 'On its way.');
  await expect.poll(async () => (await product.deliveryOf(message))?.status).toBe('sent');
  const answer = product.post.sent.filter(({ to }) => to === person).at(-1)?.email;
  return {
    person,
    session,
    message,
    messageId: answer?.messageId ?? '',
    replyTo: answer?.replyTo?.value[0]?.address ?? '',
  };
}

describe('a reply to an agent’s email', () => {
  it('to the tagged address continues the conversation from any sender', async () => {
    const { person, replyTo } = await answered();
    const other = newAddress();
    await product.send({ from: `Vera at work <${other}>`, to: replyTo, text: 'Thank you!' });
    await expect.poll(() => textsOf(person)).toEqual(['Where is it?', 'Thank you!']);
    expect((await messagesOf(person)).at(-1)?.content.email).toEqual({ from: `Vera at work <${other}>` });
    expect(await textsOf(other)).toEqual([]);
  });

  it.each<[string, (messageId: string) => Record<string, unknown>]>([
    ['In-Reply-To', (inReplyTo) => ({ inReplyTo })],
    ['References', (messageId) => ({ references: ['<older@home.example>', messageId] })],
    [
      'References, when In-Reply-To is unknown',
      (messageId) => ({ inReplyTo: '<x@y.example>', references: [messageId] }),
    ],
  ])('is recognised by its %s', async (_head, heads) => {
    const { person, messageId } = await answered();
    await product.send({ from: newAddress(), ...heads(messageId), text: 'Thank you!' });
    await expect.poll(() => textsOf(person)).toEqual(['Where is it?', 'Thank you!']);
  });

  it.each<[string, (reply: Awaited<ReturnType<typeof answered>>) => Record<string, unknown>]>([
    ['address', ({ replyTo }) => ({ to: replyTo })],
    ['In-Reply-To', ({ messageId }) => ({ inReplyTo: messageId })],
  ])(
    'starts a conversation if the ids in its %s are those of another contact, as after a restore',
    async (_part, heads) => {
      const reply = await answered();
      const [stranger, sender] = [newAddress(), newAddress()];
      const { sql } = product.database;
      await sql`UPDATE contact_identities SET contact_id = ${stranger} WHERE contact_id = ${reply.person}`;
      await sql`UPDATE deliveries SET contact_id = ${stranger} WHERE contact_id = ${reply.person}`;
      await product.send({ from: sender, ...heads(reply), text: 'Thank you!' });
      await expect.poll(() => textsOf(sender)).toEqual(['Thank you!']);
    },
  );

  it('of a person in Cc to the customer’s email is recognised by that email', async () => {
    const person = newAddress();
    await product.send({ from: person, messageId: '<to-all@home.example>', text: 'Where is it?' });
    await expect.poll(() => textsOf(person)).toHaveLength(1);
    await product.send({ from: newAddress(), inReplyTo: '<to-all@home.example>', text: 'I wonder, too.' });
    await expect.poll(() => textsOf(person)).toEqual(['Where is it?', 'I wonder, too.']);
  });

  it('with another subject stays in the conversation and shows the subject', async () => {
    const { person, messageId } = await answered();
    await product.send({ from: person, inReplyTo: messageId, subject: 'Something else', text: 'And this?' });
    await expect.poll(() => textsOf(person)).toHaveLength(2);
    const subjects = (await messagesOf(person)).map(({ content }) => content.email?.subject);
    expect(subjects).toEqual(['My order', 'Something else']);
  });
});

describe('an email that is not a reply to ours', () => {
  it('starts a conversation, whatever its subject', async () => {
    const { person } = await answered();
    const other = newAddress();
    await product.send({ from: other, subject: 'Re: My order', text: 'Me too' });
    await expect.poll(() => textsOf(other)).toEqual(['Me too']);
    expect(await textsOf(person)).toEqual(['Where is it?']);
  });

  it.each<[string, (found: Awaited<ReturnType<typeof answered>>) => Record<string, unknown>]>([
    [
      'a modified tag',
      ({ replyTo }) => ({ to: replyTo.replace(/.@/, (end) => (end === '0@' ? '1@' : '0@')) }),
    ],
    [
      'an invented Message-ID',
      ({ messageId }) => ({ inReplyTo: messageId.replace(/\.[0-9a-f]{20}@/, `.${'0'.repeat(20)}@`) }),
    ],
  ])('does not join a conversation by %s', async (_what, forged) => {
    const found = await answered();
    const other = newAddress();
    await product.send({ from: other, ...forged(found), text: 'Let me in' });
    await expect.poll(() => textsOf(other)).toEqual(['Let me in']);
  });

  it('with a Reply-To header starts a conversation with that address', async () => {
    const customer = newAddress();
    await product.send({ from: 'forms@website.example', replyTo: customer, text: 'By the form' });
    await expect.poll(() => textsOf(customer)).toEqual(['By the form']);
  });
});

describe('quoted history', () => {
  const text =
    'Thank you!\n\nOn Mon, Nov 23, 2026 at 10:04 AM Shop <support@shop.example> wrote:\n\n> On its way.\n';
  const html =
    '<p>Thank you!</p><script>x()</script><img src="https://x.example/t.gif"><img src="cid:logo"><blockquote>On its way.</blockquote>';

  it('is not in the message but in the email, which is shown sanitised', async () => {
    const person = newAddress();
    const attachments = [{ filename: 'logo.png', content: Buffer.from('png'), cid: 'logo' }];
    await product.send({
      from: `Vera <${person}>`,
      cc: 'boss@home.example',
      subject: 'Re: x',
      text,
      html,
      attachments,
    });
    await expect.poll(() => messagesOf(person)).toHaveLength(1);
    const [message] = await messagesOf(person);
    expect(message?.content.text).toBe('Thank you!');
    expect(message?.content.attachments).toEqual([expect.objectContaining({ name: 'logo.png' })]);
    const { status, body } = await desk.call('GET', `/v1/messages/${message?.id}/email`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      from: { address: person, name: 'Vera' },
      to: [{ address: support, name: null }],
      cc: [{ address: 'boss@home.example', name: null }],
      subject: 'Re: x',
      files: [{ name: 'logo.png', contentType: 'image/png', sizeBytes: 3 }],
    });
    expect(body.text).toContain('> On its way.');
    expect(body.html).toContain('<blockquote>On its way.</blockquote>');
    expect(body.html).toContain('<img data-blocked-src="https://x.example/t.gif" />');
    expect(body.html).toContain('data:image/png;base64,');
    expect(body.html).not.toContain('script');
    const file = await desk.call('GET', `/v1/messages/${message?.id}/email/attachments/0`);
    expect([file.status, file.body]).toEqual([200, 'png']);
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''logo.png");
    expect((await desk.call('GET', `/v1/messages/${message?.id}/email/attachments/1`)).status).toBe(404);
  });

  it('is kept in forwarded emails', async () => {
    const person = newAddress();
    await product.send({ from: person, subject: 'Fwd: x', text });
    await expect.poll(() => textsOf(person)).toEqual([text.trim()]);
  });

  it('is not visible to other apps', async () => {
    const person = newAddress();
    await product.send({ from: person, text: 'secret' });
    await expect.poll(() => messagesOf(person)).toHaveLength(1);
    const [message] = await messagesOf(person);
    const stranger = await product.employ({ appIds: [] });
    expect((await stranger.call('GET', `/v1/messages/${message?.id}/email`)).status).toBe(403);
    const visitor = await product.visit();
    expect((await visitor.call('GET', `/v1/messages/${message?.id}/email`)).status).toBe(403);
    const { body } = await visitor.write('no email');
    expect((await desk.call('GET', `/v1/messages/${body.message.id}/email`)).status).toBe(404);
  });
});
