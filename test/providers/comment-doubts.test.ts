import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FacebookProduct, ofComment, page, quick, startFacebook } from '../support/facebook.ts';

let product: FacebookProduct;
beforeAll(async () => {
  product = await startFacebook({ settings: { delivery: { ...quick, doubtMs: 600_000 } } });
});
afterAll(() => product.stop());

let comments = 0;

/** A comment that has become a conversation. */
async function commented() {
  const id = `900_c${++comments}`;
  await product.webhook(ofComment({ comment_id: id, from: { id: `by-${id}`, name: 'Carl' } }));
  const session = async () => {
    const [row] = await product.database.sql<{ id: number }[]>`
      SELECT session_id::int AS id FROM messages JOIN sessions ON sessions.id = session_id
      WHERE external_id = ${id} AND sessions.path <> 'bot'`;
    return row?.id ?? 0;
  };
  await expect.poll(session).toBeGreaterThan(0);
  const under = () => product.graph.accepted.filter((given) => given.page === id);
  return { id, session: await session(), under };
}

/** Facebook reports that the page itself has commented. */
const ownComment = (comment: Record<string, unknown>) =>
  product.webhook(ofComment({ from: { id: page.pageId, name: 'The page' }, ...comment }));

const stateOf = async (messageId: number) => {
  const { status, doubts } = await product.deliveryOf(messageId);
  return { status, doubts };
};
const noteOf = async (commentId: string) => {
  const [row] = await product.database.sql<{ status: string; note: string | null }[]>`
    SELECT status, note FROM webhook_event_logs WHERE payload -> 'value' ->> 'comment_id' = ${commentId}`;
  return row && [row.status, row.note];
};

describe('a doubtful public reply', () => {
  it('is confirmed when it appears under its comment, and not posted again', async () => {
    const { id, session, under } = await commented();
    product.graph.misbehave({ does: 'cut', accepts: true }, 1, (given) => given.page === id);
    const [message, next] = [
      await product.replies(session, ' Thank you! '),
      await product.replies(session, 'Bye'),
    ];
    await expect.poll(() => stateOf(message)).toEqual({ status: 'queued', doubts: 1 });
    expect((await stateOf(next)).status).toBe('queued');
    await ownComment({ comment_id: under()[0]?.id, parent_id: id, message: 'Thank you!' });
    await expect.poll(() => stateOf(message)).toEqual({ status: 'sent', doubts: 1 });
    await expect.poll(() => stateOf(next)).toMatchObject({ status: 'sent' });
    expect(under().map(({ body }) => body.message)).toEqual(['Thank you!', 'Bye']);
    const attempts = await product.database.sql`
      SELECT outcome, decision FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
      WHERE message_id = ${message}`;
    expect(attempts).toEqual([{ outcome: 'sent', decision: 'arrived' }]);
  });

  it('whose webhook event arrives before the provider’s response counts once', async () => {
    const { id, session, under } = await commented();
    product.graph.misbehave({ does: 'wait' }, 1, (given) => given.page === id);
    const message = await product.replies(session, 'Quick');
    await expect.poll(() => under().length).toBe(1);
    const own = under()[0]?.id ?? '';
    await ownComment({ comment_id: own, parent_id: id, message: 'Quick' });
    await expect.poll(() => noteOf(own)).toEqual(['handled', null]);
    product.graph.release();
    await expect.poll(() => stateOf(message)).toMatchObject({ status: 'sent' });
    expect(under()).toHaveLength(1);
  });

  it('is recognised under its post if Facebook puts it under another comment', async () => {
    const { id, session, under } = await commented();
    product.graph.misbehave({ does: 'cut', accepts: true }, 1, (given) => given.page === id);
    const message = await product.replies(session, 'For you all');
    await expect.poll(() => stateOf(message)).toEqual({ status: 'queued', doubts: 1 });
    await ownComment({ comment_id: under()[0]?.id, parent_id: '900_top', message: 'For you all' });
    await expect.poll(() => stateOf(message)).toEqual({ status: 'sent', doubts: 1 });
  });

  it('stays doubtful when the page writes other comments', async () => {
    const { id, session } = await commented();
    product.graph.misbehave({ does: 'cut', accepts: false }, 1, (given) => given.page === id);
    const message = await product.replies(session, 'Mine');
    await expect.poll(() => stateOf(message)).toEqual({ status: 'queued', doubts: 1 });
    const others = [
      { comment_id: 'o1', parent_id: id, message: 'Another comment' },
      { comment_id: 'o2', parent_id: 'elsewhere', post_id: '900_elsewhere', message: 'Mine' },
      { comment_id: 'o3', parent_id: id, message: 'Mine', created_time: 1_700_000_000 },
    ];
    for (const other of others) {
      await ownComment(other);
      const expected = ['ignored', 'a comment by the account itself'];
      await expect.poll(() => noteOf(other.comment_id)).toEqual(expected);
    }
    expect(await stateOf(message)).toEqual({ status: 'queued', doubts: 1 });
  });
});
