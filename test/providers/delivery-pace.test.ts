import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Product } from '../../packages/server/src/compose/product.ts';
import { type FacebookProduct, page, startFacebook } from '../support/facebook.ts';
import { startSecondNode } from '../support/product.ts';

let product: FacebookProduct;
let otherNode: Product;
beforeAll(async () => {
  product = await startFacebook();
  // One video every fifteen minutes, longer than any test runs.
  const settings = { ...page, pace: { mediaPerSecond: 0.001 } };
  const admin = await product.employ({ role: 'admin' });
  const answer = await admin.call('PUT', '/v1/admin/apps/1/channels/page', { kind: 'facebook', settings });
  expect(answer.status).toBe(200);
  otherNode = await startSecondNode(product, { GRAPH_API_URL: product.graph.url });
});
afterAll(async () => {
  await otherNode.stop();
  await product.stop();
});

const hourMs = 3_600_000;
const video = { attachments: [{ type: 'video', url: 'https://files.example/a.mp4' }] };
let people = 0;

/** A customer who has written, and an agent's replies. */
async function conversation() {
  const person = `paced-${++people}`;
  const session = await product.writes(person, 'hello');
  await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
  return {
    say: (content: string | Record<string, unknown>) => product.replies(session, content),
    received: () => product.graph.textsFor(person).slice(1),
  };
}

/** Blocks this lane of the page for so long; 0 clears it. */
async function useUp(sort: string, ms: number) {
  await product.database.sql`
    INSERT INTO pacing_lanes AS pace (lane, used_until, queued_until)
    VALUES (${`facebook ${page.pageId} ${sort}`}, extract(epoch FROM now()) * 1000 + ${ms}, 0)
    ON CONFLICT (lane) DO UPDATE SET used_until = excluded.used_until, queued_until = 0`;
}

/** Makes the reserved slots of waiting messages due. */
async function turnsCome() {
  await product.database.sql`
    UPDATE deliveries SET slot_at = now(), next_attempt_at = now() WHERE slot_at IS NOT NULL`;
  await product.database.sql`
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', conversation_key),
                                   job_key => 'deliver ' || conversation_key)
    FROM (SELECT DISTINCT conversation_key FROM deliveries WHERE status = 'queued') AS waiting`;
}

/** Whether a message waits for its slot, and the attempts it has used. */
async function waitOf(messageId: number) {
  const [row] = await product.database.sql`
    SELECT status, attempts, slot_at IS NOT NULL AS waits, next_attempt_at > now() + interval '30 minutes' AS "isLong",
           (SELECT count(*)::int FROM delivery_attempts WHERE delivery_id = deliveries.id) AS tried
    FROM deliveries WHERE message_id = ${messageId}`;
  return row;
}

const statusOf = async (messageId: number) => (await product.deliveryOf(messageId)).status;

describe('a page at its rate limit', () => {
  it('makes messages wait for their slots without attempts or failures, in order', async () => {
    const { say, received } = await conversation();
    await useUp('messages', hourMs);
    const messages = [await say('one'), await say('two'), await say('three')];
    const [first = 0] = messages;
    await expect.poll(() => waitOf(first)).toMatchObject({ waits: true });
    expect(await waitOf(first)).toEqual({
      status: 'queued',
      attempts: 0,
      waits: true,
      isLong: true,
      tried: 0,
    });
    expect(received()).toEqual([]);
    await useUp('messages', 0);
    await turnsCome();
    await expect.poll(received).toEqual(['one', 'two', 'three']);
    for (const message of messages) await expect.poll(() => statusOf(message)).toBe('sent');
    expect(await waitOf(first)).toMatchObject({ waits: false, tried: 1 });
  });

  it('for audio and video still sends texts and images', async () => {
    const [one, other] = [await conversation(), await conversation()];
    await useUp('media', hourMs);
    const message = await one.say(video);
    await expect.poll(() => waitOf(message)).toMatchObject({ waits: true, tried: 0 });
    const picture = { attachments: [{ type: 'image', url: 'https://files.example/a.png' }] };
    const others = [await other.say('a text'), await other.say(picture)];
    for (const sent of others) await expect.poll(() => statusOf(sent)).toBe('sent');
    expect(await statusOf(message)).toBe('queued');
    await useUp('media', 0);
    await turnsCome();
    await expect.poll(() => statusOf(message)).toBe('sent');
  });

  it('gives waiting messages consecutive slots across all nodes', async () => {
    const crowd = await Promise.all(Array.from({ length: 8 }, conversation));
    await useUp('messages', hourMs);
    const messages = await Promise.all(crowd.map(({ say }) => say('all at once')));
    for (const message of messages) {
      await expect.poll(() => waitOf(message)).toMatchObject({ waits: true });
    }
    const turns = await product.database.sql<{ ms: number }[]>`
      SELECT (extract(epoch FROM slot_at) * 1000)::float8 AS ms FROM deliveries
      WHERE message_id = ANY (${messages}::bigint[]) ORDER BY slot_at`;
    // 300 a second, less ten percent: 3.7 ms apart, in whole milliseconds.
    for (const [at, { ms }] of turns.entries()) {
      if (at > 0) expect(ms - (turns[at - 1]?.ms ?? 0)).toBeGreaterThanOrEqual(2);
    }
    await useUp('messages', 0);
    await turnsCome();
    for (const message of messages) await expect.poll(() => statusOf(message)).toBe('sent');
  });
});

describe('the rate limit of a page', () => {
  it('is shared by all nodes and never exceeded', async () => {
    const crowd = await Promise.all(Array.from({ length: 10 }, conversation));
    await useUp('media', 0);
    const messages = await Promise.all(crowd.map(({ say }) => say(video)));
    const states = () =>
      Promise.all(
        messages.map(async (message) => ((await waitOf(message))?.waits ? 'waits' : statusOf(message))),
      );
    await expect.poll(async () => (await states()).toSorted()).toEqual(['sent', ...Array(9).fill('waits')]);
    expect(crowd.flatMap(({ received }) => received())).toHaveLength(1);
  });
});
