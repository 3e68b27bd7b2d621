import type { AcceptedMessage } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FacebookProduct, quick, startFacebook } from '../support/facebook.ts';

/** The replies sent so far; requests for a customer's name do not count. */
const sendings = () => product.graph.requests.filter((request) => request.startsWith('POST ')).length;
let product: FacebookProduct;
beforeAll(async () => {
  product = await startFacebook({ settings: { delivery: { ...quick, attempts: 3 } } });
});
afterAll(() => product.stop());
beforeEach(() => product.graph.behave());

let people = 0;
const newContact = () => `psid-${++people}`;
const to = (person: string) => (given: Omit<AcceptedMessage, 'id'>) => given.body.recipient?.id === person;
const statusOf = async (messageId: number) => (await product.deliveryOf(messageId)).status;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** A customer who has written, and an agent's replies. */
async function conversation() {
  const person = newContact();
  const session = await product.writes(person, 'hello');
  await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
  return {
    person,
    session,
    say: (content: string | Record<string, unknown>) => product.replies(session, content),
    received: () => product.graph.textsFor(person).slice(1),
    bodies: () =>
      product.graph.accepted
        .filter(to(person))
        .slice(1)
        .map(({ body }) => body),
  };
}

async function failureOf(messageId: number) {
  const [row] = await product.database.sql`
    SELECT data FROM events WHERE type = 'MessageDeliveryFailedEvent' AND (data -> 'message' ->> 'id')::int = ${messageId}`;
  return row?.data;
}

describe('a reply on Facebook', () => {
  it('reaches the customer, and its message is marked as sent', async () => {
    const { say, received } = await conversation();
    const message = await say('Hello, how can I help?');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received()).toEqual(['Hello, how can I help?']);
    const [row] = await product.database.sql`SELECT delivery_status FROM messages WHERE id = ${message}`;
    expect(row?.delivery_status).toBe('sent');
  });

  it('updates open screens live', async () => {
    const { session, say } = await conversation();
    const desk = await product.employ();
    const { openEventStream } = await import('../../scripts/demo/event-stream.ts');
    const channels = [`private-session${session}`];
    const screen = await openEventStream(product.url, { key: product.app.key, token: desk.token, channels });
    const messageId = await say('Hello');
    const { data } = await screen.until('the status', ({ event }) => event === 'message_status');
    expect(data).toEqual({ messageId, sessionId: session, status: 'sent', isDoubtful: false });
    screen.stop();
  });

  it('that is too long is split into pieces, in order and without duplicates', async () => {
    const { person, say, received } = await conversation();
    const text = upTo(900)
      .map((number) => `word${number}`)
      .join(' ');
    product.graph.misbehave({ does: 'refuse', code: 2, status: 500 }, 1, (given) => {
      return to(person)(given) && given.body.message.text.startsWith('word2');
    });
    const message = await say(text);
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received().length).toBeGreaterThan(2);
    expect(received().join(' ')).toBe(text);
  });

  it('includes its attachments, buttons and quick replies', async () => {
    const { say, bodies } = await conversation();
    const file = { type: 'file', url: 'https://files.example/a.pdf' };
    const choices = upTo(13).map((number) => ({
      title: `A choice that is long ${number}`,
      payload: `p${number}`,
    }));
    const message = await say({ text: 'Choose', attachments: [file], quickReplies: choices });
    await expect.poll(() => statusOf(message)).toBe('sent');
    const [attached, asked] = bodies();
    expect(attached.message.attachment).toMatchObject({ type: 'file', payload: { url: file.url } });
    expect(asked.message).toMatchObject({ text: 'Choose' });
    expect(asked.message.quick_replies).toHaveLength(13);
  });
});

describe('the order of a conversation', () => {
  it('is kept whatever fails in between, and conversations do not wait for each other', async () => {
    const [one, other] = [await conversation(), await conversation()];
    const texts = upTo(12).map((number) => `message ${number}`);
    product.graph.misbehave({ does: 'refuse', code: 2, status: 500 }, 2, ({ body }) => {
      return body.recipient.id === one.person && body.message.text === 'message 4';
    });
    for (const text of texts) {
      await one.say(text);
      await other.say(text);
    }
    await expect.poll(other.received).toEqual(texts);
    await expect.poll(one.received).toEqual(texts);
  });

  it('continues with the next message when one has failed permanently', async () => {
    const { person, say, received } = await conversation();
    product.graph.misbehave({ does: 'refuse', code: 100, subcode: 2018109 }, 1, to(person));
    const [lost, next] = [await say('too large'), await say('the next one')];
    await expect.poll(() => statusOf(next)).toBe('sent');
    expect([await statusOf(lost), received()]).toEqual(['failed', ['the next one']]);
  });
});

describe('a message that the provider rejects', () => {
  it('is retried after a temporary failure', async () => {
    const { person, say, received } = await conversation();
    product.graph.misbehave({ does: 'refuse', code: 1, status: 500 }, 2, to(person));
    const message = await say('please');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received()).toEqual(['please']);
    const attempts = await product.database.sql`
      SELECT outcome FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
      WHERE message_id = ${message} ORDER BY delivery_attempts.id`;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['temporary', 'temporary', 'sent']);
  });

  it('fails after its last attempt, with an event, a reason and a note at the desk', async () => {
    const { person, session, say, received } = await conversation();
    product.graph.misbehave({ does: 'refuse', code: 1, status: 500 }, 3, to(person));
    const message = await say('in vain');
    await expect.poll(() => statusOf(message)).toBe('failed');
    expect(received()).toEqual([]);
    expect(await failureOf(message)).toMatchObject({
      error: expect.stringContaining('(500/1)'),
      context: { channel: 'page', permanent: false, attempts: 3, doubts: 0 },
    });
    const notes = async () =>
      (
        await product.database
          .sql`SELECT content FROM messages WHERE session_id = ${session} AND kind = 'note'`
      ).map(({ content }) => content.text);
    await expect.poll(notes).toContainEqual(expect.stringContaining('“in vain” was not delivered'));
  });

  it('fails immediately if retrying is useless, with the causing event', async () => {
    const { person, say } = await conversation();
    product.graph.misbehave({ does: 'refuse', code: 551 }, 1, to(person));
    const message = await say('are you there?');
    await expect.poll(() => statusOf(message)).toBe('failed');
    expect((await failureOf(message))?.context).toMatchObject({ permanent: true });
    const [chain] = await product.database.sql`
      SELECT cause.type FROM events AS failure JOIN events AS cause ON cause.id = failure.causation_id
      WHERE failure.type = 'MessageDeliveryFailedEvent' AND (failure.data -> 'message' ->> 'id')::int = ${message}`;
    expect(chain?.type).toBe('MessageReplyReadyEvent');
  });

  it('is not attempted after the reply window has closed', async () => {
    const { person, session, say } = await conversation();
    const age = (hours: number) => product.database.sql`
      UPDATE messages SET created_at = now() - ${hours} * interval '1 hour' WHERE session_id = ${session} AND NOT is_reply`;
    await age(25);
    const before = sendings();
    const message = await say('too late');
    await expect.poll(() => statusOf(message)).toBe('failed');
    expect((await product.deliveryOf(message)).error).toContain('has not written for 24 hours');
    expect(sendings()).toBe(before);
    await product.writes(person, 'I am back');
    const next = await say('welcome back');
    await expect.poll(() => statusOf(next)).toBe('sent');
  });
});
