import type { SmtpFailure } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';
import { quick } from '../support/facebook.ts';

let product: EmailProduct;
beforeAll(async () => {
  product = await startEmail({
    channel: { name: 'The Shop' },
    settings: { delivery: { ...quick, attempts: 3 } },
  });
});
afterAll(() => product.stop());
beforeEach(() => product.post.behave());

let people = 0;
const statusOf = async (messageId: number) => (await product.deliveryOf(messageId))?.status;
const emailsTo = (address: string) => product.post.sent.filter(({ to }) => to === address);

/** A customer who has written and received the waiting notice, and an agent's replies. */
async function conversation(email?: Parameters<EmailProduct['writes']>[1]) {
  const person = `reader-${++people}@home.example`;
  const session = await product.writes(person, email);
  await expect.poll(() => product.post.textsFor(person)).toEqual(['In line.']);
  return {
    person,
    session,
    say: (content: string | Record<string, unknown>) => product.replies(session, content),
    received: () => product.post.textsFor(person).slice(1),
    last: () => emailsTo(person).at(-1)?.email,
  };
}

async function attemptsOf(messageId: number) {
  const rows = await product.database.sql<{ outcome: string; decision: string | null }[]>`
    SELECT outcome, decision FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
    WHERE message_id = ${messageId} ORDER BY delivery_attempts.id`;
  return rows.map(({ outcome, decision }) => (decision === null ? outcome : `${outcome}, ${decision}`));
}

describe('an agent’s reply to an email', () => {
  it('is an email in the same thread', async () => {
    const { say, last, person } = await conversation({
      messageId: '<asked@home.example>',
      subject: 'My order',
      text: 'Where is it?',
    });
    const message = await say('On its way: see https://shop.example/t?a=1&b=2.');
    await expect.poll(() => statusOf(message)).toBe('sent');
    const email = last();
    expect(email?.subject).toBe('Re: My order');
    expect(email?.inReplyTo).toBe('<asked@home.example>');
    expect(email?.references).toBe('<asked@home.example>');
    expect(email?.from?.text).toBe(`"The Shop" <${support}>`);
    expect(email?.text?.trim()).toBe('On its way: see https://shop.example/t?a=1&b=2.');
    expect(email?.html).toContain('<a href="https://shop.example/t?a=1&amp;b=2">');
    expect(email?.headers.get('auto-submitted')).toBeUndefined();
    expect(emailsTo(person).at(-1)?.from).toBe(support);
  });

  it('does not repeat Re: in its subject', async () => {
    const { say, last } = await conversation({ subject: 'AW: Re: My order', text: 'Well?' });
    const message = await say('Soon.');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(last()?.subject).toBe('Re: My order');
  });

  it('has a Reply-To address with the conversation’s tag', async () => {
    const { say, last } = await conversation();
    const message = await say('Hello');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(last()?.replyTo?.value[0]?.address).toMatch(/^support\+[0-9a-z]+-[0-9a-f]{20}@shop\.example$/);
  });

  it('contains its choices and files in readable form', async () => {
    const { say, received } = await conversation();
    const message = await say({
      text: 'Choose <one>',
      attachments: [{ type: 'file', url: 'https://files.example/a.pdf', name: 'Terms' }],
      quickReplies: [
        { title: 'Yes', payload: 'y' },
        { title: 'No', payload: 'n' },
      ],
    });
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received()).toEqual([
      'Choose <one>\n\nTerms: https://files.example/a.pdf\n\nReply with one of: Yes, No',
    ]);
  });

  it('is sent in order, whatever fails in between', async () => {
    const { person, say, received } = await conversation();
    product.post.misbehave({ does: 'refuse', code: 451, at: 'data' }, 2, person);
    const texts = ['one', 'two', 'three', 'four'];
    for (const text of texts) await say(text);
    await expect.poll(received).toEqual(texts);
  });
});

describe('a message of the bot or the system', () => {
  it('is marked as automatic and asks for no automatic reply', async () => {
    const { person } = await conversation();
    const notice = emailsTo(person)[0]?.email;
    expect(notice?.headers.get('auto-submitted')).toBe('auto-replied');
    expect(notice?.headers.get('x-auto-response-suppress')).toBe('All');
  });
});

describe('an email that the SMTP server does not accept', () => {
  it.each<[string, SmtpFailure]>([
    ['later, by its recipient', { does: 'refuse', code: 450 }],
    ['later, after it was sent', { does: 'refuse', code: 451, at: 'data' }],
    ['the connection is cut before it was sent', { does: 'cut-early' }],
  ])('%s: is retried without doubt', async (_what, failure) => {
    const { person, say, received } = await conversation();
    product.post.misbehave(failure, 1, person);
    const message = await say('are you there?');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received()).toEqual(['are you there?']);
    expect((await product.deliveryOf(message))?.doubts).toBe(0);
  });

  it.each<[string, SmtpFailure]>([
    ['its recipient is unknown', { does: 'refuse', code: 550, message: '5.1.1 User unknown' }],
    [
      'its content is rejected',
      { does: 'refuse', code: 554, at: 'data', message: '5.6.0 We do not like it' },
    ],
  ])('%s: fails permanently with the server’s message', async (_what, failure) => {
    const { person, say } = await conversation();
    product.post.misbehave(failure, 1, person);
    const message = await say('are you there?');
    await expect.poll(() => statusOf(message)).toBe('failed');
    const words = failure.does === 'refuse' ? failure.message : '';
    expect((await product.deliveryOf(message))?.error).toContain(words);
    const [event] = await product.database.sql`
      SELECT data FROM events
      WHERE type = 'MessageDeliveryFailedEvent' AND (data -> 'message' ->> 'id')::int = ${message}`;
    expect(event?.data.context).toMatchObject({ permanent: true, channel: 'mail' });
  });

  it.each<[string, SmtpFailure, number]>([
    ['the connection was cut after the server had accepted it', { does: 'cut', accepts: true }, 2],
    ['the connection was cut before the server had accepted it', { does: 'cut', accepts: false }, 1],
    ['the server hangs after accepting it', { does: 'hang', accepts: true }, 2],
  ])('%s: is doubtful and sent again with the same Message-ID', async (_what, failure, times) => {
    const { person, say, received } = await conversation();
    product.post.misbehave(failure, 1, person);
    const message = await say('are you there?');
    await expect.poll(() => statusOf(message)).toBe('sent');
    const attempts = await attemptsOf(message);
    // On a busy machine the second attempt may be doubtful, too: there are three.
    expect(attempts.slice(0, -1)).toEqual(Array(attempts.length - 1).fill('doubtful, resend'));
    expect(attempts).toEqual(expect.arrayContaining(['doubtful, resend', 'sent']));
    expect(new Set(received())).toEqual(new Set(['are you there?']));
    expect(received().length).toBeGreaterThanOrEqual(times);
    expect(received().length).toBeLessThanOrEqual(attempts.length);
    const ids = emailsTo(person).map(({ email }) => email.messageId);
    expect(new Set(ids.slice(1)).size).toBe(1);
  });
});
