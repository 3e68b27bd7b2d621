import type { Diagnosis, MessageSearch } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type FacebookProduct, ofThread, page, quick, startFacebook } from '../support/facebook.ts';
import type { Employed } from '../support/product.ts';

let product: FacebookProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startFacebook({
    settings: { delivery: { ...quick, attempts: 1 } },
    env: { EVENT_RETRY_ATTEMPTS: '0' },
  });
  admin = await product.employ({ role: 'admin', appIds: [] });
});
afterAll(() => product.stop());

const diagnose = async (id: number): Promise<Diagnosis> =>
  (await admin.call('GET', `/v1/admin/messages/${id}/diagnosis`)).body;
const verdict = (id: number, code: string) =>
  eventually(
    () => diagnose(id),
    (diagnosis) => diagnosis.verdict?.code === code,
  );
/** A customer who has written, with the id of their message. */
async function written(person: string) {
  const session = await product.writes(person, 'hello');
  await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
  const [row] = await product.database.sql<{ id: number }[]>`
    SELECT id FROM messages WHERE session_id = ${session} AND NOT is_reply`;
  return { session, id: row?.id ?? 0 };
}

describe('a message on Facebook', () => {
  it('whose reply the provider rejects is not answered, and shows the provider’s error', async () => {
    const { session, id } = await written('refused');
    product.graph.misbehave({ does: 'refuse', status: 400, code: 100, message: 'No such person' }, 1);
    const reply = await product.replies(session, 'for you');
    const { verdict: found, steps } = await verdict(id, 'delivery_failed');
    expect(found.facts).toEqual({
      author: { type: 'agent', name: 'Alex' },
      channel: 'page',
      error: expect.stringContaining('No such person'),
    });
    expect(found.links[0]).toEqual({ to: 'deliveries', id: String(reply) });
    expect(steps[0]).toMatchObject({ code: 'provider_received', facts: { provider: 'facebook' } });
    expect(steps).toContainEqual(
      expect.objectContaining({
        code: 'delivery_attempt',
        tone: 'bad',
        facts: expect.objectContaining({ outcome: 'permanent' }),
      }),
    );
    await verdict(reply, 'delivery_failed');
  });

  it('is answered once the reply is delivered', async () => {
    const { session, id } = await written('lucky');
    const reply = await product.replies(session, 'for you');
    await verdict(id, 'answered');
    const { verdict: found } = await verdict(reply, 'delivered');
    expect(found.facts).toMatchObject({ author: { name: 'Alex' }, channel: 'page' });
  });

  it('whose reply comes too late is outside of the provider’s reply window', async () => {
    const { session, id } = await written('late');
    const { sql } = product.database;
    await sql`UPDATE messages SET created_at = now() - interval '9 days' WHERE id = ${id}`;
    const unanswered = await verdict(id, 'reply_window_closed');
    expect(unanswered.verdict.facts).toMatchObject({
      author: null,
      channel: 'page',
      hours: expect.any(Number),
    });
    await product.replies(session, 'too late');
    const { verdict: found } = await eventually(
      () => diagnose(id),
      ({ verdict: { code, facts } }) =>
        code === 'reply_window_closed' && 'author' in facts && facts.author !== null,
    );
    expect(found).toMatchObject({
      code: 'reply_window_closed',
      facts: { author: { name: 'Alex' }, channel: 'page', error: expect.any(String) },
    });
  });

  it('whose reply waits for a channel that is down names the reason and the channel', async () => {
    const { session, id } = await written('waiting');
    product.graph.revoke(page.pageToken);
    const reply = await product.replies(session, 'soon');
    const { verdict: found } = await verdict(id, 'channel_down');
    expect(found.facts).toMatchObject({ channel: 'page', error: expect.stringContaining('token') });
    expect(found.links[0]).toMatchObject({ to: 'channels', id: 'page' });
    await verdict(reply, 'channel_down');
    product.graph.grant(page.pageToken);
    await verdict(id, 'answered');
  });

  it('that never became a message is found among the stuck events', async () => {
    const { sql } = product.database;
    await sql.unsafe(`
      CREATE FUNCTION refuse_walrus() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.content ->> 'text' LIKE '%walrus%' THEN RAISE EXCEPTION 'no walruses here'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse_walrus BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_walrus()`);
    const message = { mid: 'mid.walrus', text: 'my walrus is ill' };
    await product.webhook(ofThread({ sender: { id: 'walrus-keeper' }, message }));
    const found = await eventually(
      async (): Promise<MessageSearch> => (await admin.call('GET', '/v1/admin/messages?q=walrus')).body,
      ({ stuck }) => stuck[0]?.status === 'dead',
    );
    expect(found.items).toEqual([]);
    expect(found.stuck[0]).toMatchObject({
      listener: 'StoreReceivedMessage',
      error: expect.stringContaining('walruses'),
    });
  });
});
