import { randomUUID } from 'node:crypto';
import { createClient } from '@mevrik/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let agent: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  agent = await product.employ();
});
afterAll(() => product.stop());

const merge = (kept: Visitor, other: Visitor, by = agent) =>
  by.call('POST', `/v1/customers/${kept.id}/merge`, { otherId: other.id });
const overview = async (id: number) => (await agent.call('GET', `/v1/customers/${id}/overview`)).body;

/** The rows of each table that belong to two customers. */
async function owners(kept: number, other: number) {
  const [row] = await product.database.sql<{ kept: number; other: number; owners: number }[]>`
    WITH owned AS (
      SELECT customer_id FROM contact_identities UNION ALL SELECT customer_id FROM sessions
      UNION ALL SELECT customer_id FROM messages UNION ALL SELECT customer_id FROM cases
      UNION ALL SELECT customer_id FROM queue_items)
    SELECT count(*) FILTER (WHERE customer_id = ${kept})::int AS kept,
           count(*) FILTER (WHERE customer_id = ${other})::int AS other FROM owned`;
  return row;
}

describe('the profile of a customer', () => {
  it('has normalised email addresses and phone numbers', async () => {
    const admin = await product.employ({ role: 'admin' });
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { country: 'BD' } });
    const visitor = await product.visit({
      profile: { email: 'Ada.Lovelace@Example.COM', phone: '01712-345 678' },
    });
    expect((await visitor.call('GET', '/v1/me')).body.customer).toMatchObject({
      email: 'ada.lovelace@example.com',
      phone: '+8801712345678',
    });
  });

  it('is changed by an agent, shown to colleagues immediately, and audited', async () => {
    const visitor = await product.visit({
      profile: { name: 'Ad', attributes: { plan: 'free', city: 'Dhaka' } },
    });
    const client = createClient({
      url: product.url,
      appKey: product.app.key,
      token: async () => agent.token,
    });
    const channel = client.subscribe('sessions');
    await channel.ready();
    const received = new Promise((resolve) => channel.on('customer_changed', resolve));
    const answer = await agent.call('PATCH', `/v1/customers/${visitor.id}`, {
      name: 'Ada',
      email: 'ADA@example.com',
      attributes: { plan: 'gold', city: null },
    });
    expect(answer.body).toMatchObject({
      name: 'Ada',
      email: 'ada@example.com',
      attributes: { plan: 'gold' },
    });
    expect(answer.body.attributes).not.toHaveProperty('city');
    expect(await received).toEqual({ customerId: visitor.id });
    client.disconnect();
    const [entry] = await product.database.sql<{ action: string; actor: string }[]>`
      SELECT action, actor FROM audit_entries WHERE target = ${`customer ${visitor.id}`}`;
    expect(entry).toEqual({ action: 'customer.change', actor: `agent ${agent.id}` });
  });

  it.each([{ email: 'not an address' }, { name: '' }, { verified: true }])(
    'is not changed to %j',
    async (change) => {
      const visitor = await product.visit();
      expect((await agent.call('PATCH', `/v1/customers/${visitor.id}`, change)).status).toBe(422);
    },
  );

  it('is not accessible to visitors or to agents of other apps', async () => {
    const [visitor, stranger] = [await product.visit(), await product.employ({ appIds: [] })];
    for (const who of [visitor, stranger]) {
      expect((await who.call('PATCH', `/v1/customers/${visitor.id}`, { name: 'X' })).status).toBe(403);
      expect((await who.call('GET', '/v1/customers?appId=1&search=a')).status).toBe(403);
      expect((await merge(visitor, visitor, who)).status).toBe(who === visitor ? 403 : 422);
    }
  });

  it('is found by name, email address, phone number, contact or id', async () => {
    const name = `Zuleika ${randomUUID()}`;
    const visitor = await product.visit({ profile: { name, email: `${randomUUID()}@example.com` } });
    for (const search of [name.toUpperCase(), `#${visitor.id}`]) {
      const { body } = await agent.call('GET', `/v1/customers?appId=1&search=${encodeURIComponent(search)}`);
      expect(body.items).toEqual([expect.objectContaining({ id: visitor.id, name, channels: ['web'] })]);
    }
    const { body } = await agent.call('GET', '/v1/customers?appId=1&search=%25');
    expect(body.items).toEqual([]);
  });
});

describe('two customers who are the same person', () => {
  it('are found by email address and merged, with contacts, conversations and profile', async () => {
    const email = `${randomUUID()}@example.com`;
    const kept = await product.visit({ profile: { name: 'Ada', email, attributes: { plan: 'gold' } } });
    const other = await product.visit({
      profile: { email, phone: '+442079460018', attributes: { plan: 'free', city: 'Leeds' } },
    });
    await kept.write('first');
    await other.write('I need a human');
    await expect.poll(async () => (await overview(other.id)).cases.length).toBe(1);
    expect((await overview(kept.id)).lookalikes).toEqual([expect.objectContaining({ id: other.id })]);

    const { status, body } = await merge(kept, other);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: kept.id,
      name: 'Ada',
      phone: '+442079460018',
      attributes: { plan: 'gold', city: 'Leeds' },
    });
    const whole = await overview(kept.id);
    expect(whole).toMatchObject({ lookalikes: [], cases: [{ customerId: kept.id }] });
    expect(whole.identities).toHaveLength(2);
    expect(whole.sessions.map(({ id }: { id: number }) => id).sort()).toEqual(
      [kept.sessionId, other.sessionId].sort(),
    );
    expect(await overview(other.id), 'under the old number too').toEqual(whole);
    expect(await owners(kept.id, other.id)).toMatchObject({ other: 0 });
  });

  it('continue both conversations, reachable under the former customer id that the visitor’s page still uses', async () => {
    const [kept, other] = [await product.visit(), await product.visit()];
    await other.write('hello');
    await merge(kept, other);
    const client = createClient({
      url: product.url,
      appKey: product.app.key,
      token: async () => other.token,
    });
    const channel = client.subscribe(`session${other.sessionId}`);
    await channel.ready();
    const received = new Promise<string | undefined>((resolve) =>
      channel.on('message_post', ({ message }) => resolve(message.content.text)),
    );
    const written = await other.write('still me');
    expect(written.body.message).toMatchObject({ customerId: kept.id, sender: { id: kept.id } });
    expect(await received).toBe('still me');
    expect((await other.call('GET', '/v1/me')).body.customer.id).toBe(kept.id);
    client.disconnect();
    const notes = await agent.call('GET', `/v1/sessions/${other.sessionId}/messages`);
    expect(notes.body.items.some(({ kind }: { kind: string }) => kind === 'note')).toBe(true);
  });

  it('are merged once, however often requested; never with themselves, and not after a merge with a third', async () => {
    const [one, two, three] = await Promise.all([product.visit(), product.visit(), product.visit()]);
    expect((await merge(one, one)).status).toBe(422);
    expect((await merge(one, two)).status).toBe(200);
    expect((await merge(one, two)).status).toBe(200);
    expect((await merge(three, two)).status).toBe(409);
    expect((await merge(two, three)).status).toBe(409);
    expect((await merge(three, one)).status).toBe(200);
    expect((await overview(two.id)).customer.id, 'through both').toBe(three.id);
    const [audited] = await product.database.sql<{ count: number }[]>`
      SELECT count(*)::int AS count FROM audit_entries WHERE action = 'customer.merge'
      AND target = ${`customer ${one.id}`}`;
    expect(audited?.count).toBe(1);
  });

  it('lose no message and keep their order under concurrent writes and merges', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom('write 0', 'write 1', 'write 2', 'merge 0 1', 'merge 1 0', 'merge 1 2', 'visit'),
          {
            minLength: 4,
            maxLength: 14,
          },
        ),
        async (steps) => {
          const externalId = randomUUID();
          const people = await Promise.all([product.visit(), product.visit(), product.visit()]);
          const said: string[][] = [[], [], []];
          await Promise.all(
            steps.map(async (step, number) => {
              const [verb, a = '0', b = '0'] = step.split(' ');
              const [who, whom] = [people[Number(a)], people[Number(b)]];
              if (!who || !whom) return;
              if (verb === 'merge') expect([200, 409]).toContain((await merge(who, whom)).status);
              else if (verb === 'visit')
                await product.visit({ profile: { email: `${externalId}@example.com` } });
              else {
                const { status } = await who.write(`${number}`);
                expect(status).toBe(201);
                said[Number(a)]?.push(`${number}`);
              }
            }),
          );
          const ids = people.map(({ id }) => id);
          const rows = await product.database.sql<{ wrong: number }[]>`
            SELECT count(*)::int AS wrong FROM sessions JOIN customers ON customers.id = sessions.customer_id
            JOIN contact_identities identity ON identity.id = sessions.contact_identity_id
            LEFT JOIN messages ON messages.session_id = sessions.id
            WHERE sessions.id = ANY (${people.map(({ sessionId }) => sessionId)}::bigint[])
              AND (customers.merged_into IS NOT NULL OR identity.customer_id <> sessions.customer_id
                   OR messages.customer_id <> sessions.customer_id)`;
          expect(rows[0]?.wrong, `among ${ids}`).toBe(0);
          for (const [index, person] of people.entries()) {
            const mine = (await person.history()).filter(({ from }) => from === 'customer');
            expect(mine.map(({ text }) => text).sort()).toEqual(said[index]?.sort());
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});
