import type { AcceptedMessage, GraphFailure } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hotDeliveries } from '../../packages/server/src/db/hot-tables.ts';
import type { ClaimedPart } from '../../packages/server/src/delivery/claim-next.ts';
import { recordFailedAttempt } from '../../packages/server/src/delivery/record-outcome.ts';
import { createUnitOfWork } from '../../packages/server/src/log/unit-of-work.ts';
import { type FacebookProduct, ofThread, page, quick, startFacebook } from '../support/facebook.ts';

let product: FacebookProduct;
beforeAll(async () => {
  product = await startFacebook();
});
afterAll(() => product.stop());
beforeEach(() => product.graph.behave());

let people = 0;
const to = (person: string) => (given: Omit<AcceptedMessage, 'id'>) => given.body.recipient?.id === person;
const statusOf = async (messageId: number) => (await product.deliveryOf(messageId)).status;

async function conversation() {
  const person = `doubt-${++people}`;
  const session = await product.writes(person, 'hello');
  await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
  return {
    person,
    session,
    say: (text: string) => product.replies(session, text),
    received: () => product.graph.textsFor(person).slice(1),
    last: () => product.graph.accepted.filter(to(person)).at(-1),
  };
}

/** Facebook reports that a message of ours has arrived. */
function echo(person: string, accepted: AcceptedMessage | undefined) {
  const { id: mid, body } = accepted ?? { id: '', body: {} };
  const message = {
    mid,
    is_echo: true,
    app_id: 1,
    metadata: body.message?.metadata,
    text: body.message?.text,
  };
  return product.webhook(ofThread({ sender: { id: page.pageId }, recipient: { id: person }, message }));
}

/** Sets what the tests' app does with doubtful deliveries. */
async function inDoubt(delivery: Record<string, unknown>) {
  await product.database.sql`
    UPDATE apps SET settings = settings || ${JSON.stringify({ delivery: { ...quick, ...delivery } })}::jsonb WHERE id = 1`;
  const admin = await product.employ({ role: 'admin' });
  await admin.call('PATCH', '/v1/admin/apps/1', {});
}

/** The number of webhook events that have not been handled. */
const unhandled = async () => {
  const [row] = await product.database.sql`
    SELECT count(*)::int AS count FROM webhook_event_logs WHERE status = 'received'`;
  return row?.count;
};

const attemptsOf = async (messageId: number) =>
  (
    await product.database.sql<{ outcome: string; decision: string | null }[]>`
      SELECT outcome, decision FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
      WHERE message_id = ${messageId} ORDER BY delivery_attempts.id`
  ).map(({ outcome, decision }) => [outcome, decision]);

describe('a missing response', () => {
  it.each<[string, GraphFailure, number]>([
    ['the connection was cut after the message was accepted', { does: 'cut', accepts: true }, 2],
    ['the connection was cut before', { does: 'cut', accepts: false }, 1],
    ['the provider hangs and has accepted it', { does: 'hang', accepts: true }, 2],
    ['the provider hangs and has not', { does: 'hang', accepts: false }, 1],
    ['a proxy before the provider responded', { does: 'bad-gateway' }, 1],
  ])('%s: the message is sent again, and the doubt is recorded and shown', async (_what, failure, times) => {
    await inDoubt({ whenInDoubt: 'resend' });
    const { person, session, say, received } = await conversation();
    product.graph.misbehave(failure, 1, to(person));
    const message = await say('are you there?');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(received()).toEqual(Array(times).fill('are you there?'));
    expect(await attemptsOf(message)).toEqual([
      ['doubtful', 'resend'],
      ['sent', null],
    ]);
    expect((await product.deliveryOf(message)).doubts).toBe(1);
    const notes = await product.database.sql`
      SELECT content ->> 'text' AS text FROM messages WHERE session_id = ${session} AND kind = 'note'`;
    expect(notes.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('“are you there?” may not have reached the customer'),
    );
  });

  it('is replaced by the echo, and the message is not sent again', async () => {
    await inDoubt({ whenInDoubt: 'resend', doubtMs: 600_000 });
    const { person, say, received, last } = await conversation();
    product.graph.misbehave({ does: 'cut', accepts: true }, 1, to(person));
    const [message, next] = [await say('once'), await say('after it')];
    await expect.poll(async () => (await product.deliveryOf(message)).doubts).toBe(1);
    expect(received()).toEqual(['once']);
    await echo(person, last());
    await expect.poll(() => statusOf(message)).toBe('sent');
    await expect.poll(() => statusOf(next)).toBe('sent');
    expect(received()).toEqual(['once', 'after it']);
    expect(await attemptsOf(message)).toEqual([['sent', 'arrived']]);
  });

  it('without an echo fails the message if the app does not resend, and the next one is sent', async () => {
    await inDoubt({ whenInDoubt: 'fail' });
    const { person, say, received } = await conversation();
    product.graph.misbehave({ does: 'cut', accepts: true }, 1, to(person));
    const [message, next] = [await say('at most once'), await say('after it')];
    await expect.poll(() => statusOf(next)).toBe('sent');
    expect(await statusOf(message)).toBe('failed');
    expect((await product.deliveryOf(message)).error).toContain('It is unknown whether it arrived');
    expect(received()).toEqual(['at most once', 'after it']);
    expect(await attemptsOf(message)).toEqual([['doubtful', 'give_up']]);
  });
});

describe('a failure', () => {
  it('that a sender reports after its lease has expired changes nothing for its successor', async () => {
    await inDoubt({ timeoutMs: 30_000 });
    const { person, say, received } = await conversation();
    product.graph.misbehave({ does: 'wait' }, 1, to(person));
    const message = await say('once');
    await expect.poll(received).toEqual(['once']);
    const { id } = await product.deliveryOf(message);
    const { sql } = product.database;
    // The attempt of a sender whose lease expired: its successor, which is sending now, recorded the doubt.
    const [attempt] = await sql<{ id: number }[]>`
      INSERT INTO delivery_attempts (delivery_id, part, is_repeatable, outcome, decision, finished_at)
      VALUES (${id}, 0, true, 'doubtful', 'resend', now()) RETURNING id`;
    const [delivery] = await hotDeliveries.select(sql, 'WHERE id = $1', [id]);
    const unitOfWork = createUnitOfWork(
      product.database,
      async () => {},
      () => {},
    );
    const claimed = {
      delivery,
      index: 0,
      count: 1,
      attemptId: attempt?.id,
      attempts: 1,
      part: {},
      policy: {},
    };
    const recorded = await unitOfWork.run((tx) =>
      recordFailedAttempt(tx, claimed as unknown as ClaimedPart, { kind: 'permanent', error: 'too late' }),
    );
    expect(recorded.status).toBeNull();
    product.graph.release();
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(
      await sql`SELECT FROM events WHERE type = 'MessageDeliveryFailedEvent' AND data::text LIKE '%too late%'`,
    ).toEqual([]);
  });
});

describe('a receipt', () => {
  it.each([
    ['that it was delivered', { delivery: { watermark: 1 } }, 'delivered'],
    ['that it was read', { read: {} }, 'read'],
  ] as const)(
    '%s, which arrives before the response, is applied after it',
    async (_what, receipt, status) => {
      await inDoubt({ timeoutMs: 30_000 });
      const { person, say, received, last } = await conversation();
      product.graph.misbehave({ does: 'wait' }, 1, to(person));
      const message = await say('quick');
      await expect.poll(received).toEqual(['quick']);
      const mid = last()?.id ?? '';
      const body =
        'delivery' in receipt ? { delivery: { ...receipt.delivery, mids: [mid] } } : { read: { mid } };
      await product.webhook(ofThread({ sender: { id: person }, ...body }));
      await expect.poll(unhandled).toBe(0);
      expect(await statusOf(message)).toBe('sending');
      product.graph.release();
      await expect.poll(() => statusOf(message)).toBe(status);
      const [shown] = await product.database.sql`SELECT delivery_status FROM messages WHERE id = ${message}`;
      expect(shown?.delivery_status).toBe(status);
    },
  );
});

describe('an echo', () => {
  it('that arrives before the response counts once, and the next message is sent', async () => {
    await inDoubt({ timeoutMs: 30_000 });
    const { person, say, received, last } = await conversation();
    product.graph.misbehave({ does: 'wait' }, 1, to(person));
    const [message, next] = [await say('quick'), await say('next')];
    await expect.poll(received).toEqual(['quick']);
    await echo(person, last());
    await expect.poll(() => statusOf(message)).toBe('sent');
    product.graph.release();
    await expect.poll(() => statusOf(next)).toBe('sent');
    expect(received()).toEqual(['quick', 'next']);
    expect((await attemptsOf(message)).map(([outcome]) => outcome)).toEqual(['sent']);
  });

  it('of another app’s message or with an invalid reference changes nothing', async () => {
    await inDoubt({});
    const { person, say } = await conversation();
    const message = await say('mine');
    await expect.poll(() => statusOf(message)).toBe('sent');
    const { id } = await product.deliveryOf(message);
    const references = ['hello', 'mevrik:999999:0', `mevrik:${id}:7`, `mevrik:${id}:0`, undefined];
    for (const [at, metadata] of references.entries()) {
      await product.webhook(
        ofThread({
          sender: { id: page.pageId },
          recipient: { id: person },
          message: { mid: `stranger-${person}-${at}`, is_echo: true, metadata, text: 'x' },
        }),
      );
    }
    const taken = async () =>
      (
        await product.database.sql`
          SELECT status, note FROM webhook_event_logs WHERE deduplication_key LIKE ${`stranger-${person}-%`} ORDER BY id`
      ).map(({ status, note }) => [status, note]);
    await expect.poll(taken).toEqual([
      ['ignored', 'a copy of a message sent elsewhere'],
      ['ignored', 'a copy of a message sent elsewhere'],
      ['ignored', 'a copy of a message sent elsewhere'],
      ['ignored', 'a copy of a reply that was recorded before'],
      ['ignored', 'a message that another app sent'],
    ]);
    const written = await product.database.sql`
      SELECT id FROM messages WHERE conversation_key = ${`1/page:${person}`} AND NOT is_reply`;
    expect(written).toHaveLength(1);
    expect(await statusOf(message)).toBe('sent');
  });
});
