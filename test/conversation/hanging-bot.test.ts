import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
const servers: Server[] = [];
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(async () => {
  await product.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts an HTTP bot that gets the responses to answer. @returns its address. */
async function startBot(respond: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    respond(response);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** An app whose conversations the bot at this address answers. */
async function appWithBot(name: string, url: string) {
  const { body: app } = await admin.call('POST', '/v1/admin/apps', { name });
  const bot = { kind: 'http', url, timeoutMs: 30_000 };
  expect((await admin.call('PUT', `/v1/admin/apps/${app.id}/bot`, bot)).status).toBe(200);
  return { id: app.id as number, key: app.key as string };
}

const answer = (response: ServerResponse) =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ replies: [{ text: 'At your service' }] }));

/** How many conversations of an app wait for an agent. */
const waitingIn = async ({ id }: { readonly id: number }) =>
  (await product.database.sql`SELECT FROM queue_items WHERE app_id = ${id} AND status = 'waiting'`).length;

const textsOf = async (visitor: Visitor) => (await visitor.history()).map(({ text }) => text);

describe('a bot', () => {
  it('that hangs delays no other app, and its own conversations go to agents without being asked again and again', async () => {
    const asked: ServerResponse[] = [];
    let isBroken = false;
    let givenUp = 0;
    const hangs = (response: ServerResponse) => {
      asked.push(response);
      if (isBroken) response.destroy();
      else response.once('close', () => (givenUp += 1));
    };
    const hanging = await appWithBot('Hanging', await startBot(hangs));
    const quick = await appWithBot('Quick', await startBot(answer));
    const waiting = await Promise.all(
      Array.from({ length: 40 }, () => product.visit({ appKey: hanging.key })),
    );
    for (const visitor of waiting) await visitor.write('Hello?');
    await expect.poll(() => asked.length).toBeGreaterThanOrEqual(4);

    // The bot of another app answers, and the queue of a third one is worked on.
    const served = await product.visit({ appKey: quick.key });
    await served.write('Hello?');
    await expect.poll(() => textsOf(served)).toContain('At your service');
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { assignment: 'least_busy' } });
    const agent = await product.employ();
    await agent.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
    const queued = await product.visit();
    await queued.write('I need a human');
    await expect
      .poll(
        async () => (await agent.call('GET', `/v1/sessions/${queued.sessionId}/conversation`)).body.queueItem,
      )
      .toMatchObject({ status: 'assigned', assignedAgentId: agent.id });
    expect(givenUp).toBe(0);
    // A quarter of the sixteen slots is left to others.
    expect(asked.length).toBeLessThanOrEqual(12);
    await expect.poll(() => asked.length).toBe(12);

    isBroken = true;
    for (const response of asked) response.destroy();
    await expect.poll(() => waitingIn(hanging)).toBe(waiting.length);
    expect(asked.length).toBeLessThan(30);
  });

  it('is asked once, although its answer cannot be stored at first', async () => {
    const { sql } = product.database;
    let asked = 0;
    const app = await appWithBot(
      'Outage',
      await startBot((response) => {
        asked += 1;
        answer(response);
      }),
    );
    // As while the database restarts. What a sequence counts is not rolled back.
    await sql.unsafe(`
      CREATE SEQUENCE failed_stores;
      CREATE FUNCTION refuse_to_store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM nextval('failed_stores');
        RAISE EXCEPTION 'the database is restarting' USING ERRCODE = 'cannot_connect_now';
      END $$;
      CREATE TRIGGER outage BEFORE UPDATE OF status ON bot_turns FOR EACH ROW EXECUTE FUNCTION refuse_to_store()`);
    const visitor = await product.visit({ appKey: app.key });
    await visitor.write('Hello?');
    const hasFailed = async () =>
      (await sql<{ failed: boolean }[]>`SELECT is_called AS failed FROM failed_stores`)[0]?.failed;
    await expect.poll(hasFailed).toBe(true);
    await sql`DROP TRIGGER outage ON bot_turns`;
    await expect.poll(() => textsOf(visitor)).toContain('At your service');
    expect(asked).toBe(1);
  });

  it('that rejects the calls of one app is still asked for another', async () => {
    let isKnown = false;
    const url = await startBot((response) => {
      if (isKnown) answer(response);
      else response.writeHead(403).end();
    });
    // Anyone can enter the address of another app's bot.
    const stranger = await appWithBot('Stranger', url);
    const owner = await appWithBot('Owner', url);
    for (let count = 1; count <= 6; count++) {
      const visitor = await product.visit({ appKey: stranger.key });
      await visitor.write('Hello?');
      await expect.poll(() => waitingIn(stranger)).toBe(count);
    }
    isKnown = true;
    const visitor = await product.visit({ appKey: owner.key });
    await visitor.write('Hello?');
    await expect.poll(() => textsOf(visitor)).toContain('At your service');
  });

  it('that a process asked before it died is asked again once the lease of that process has expired', async () => {
    const { sql } = product.database;
    await sql.unsafe(`
      CREATE FUNCTION lease_turn() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.lease_until = now() + interval '1 hour'; RETURN NEW; END $$;
      CREATE TRIGGER lease_turn BEFORE INSERT ON bot_turns FOR EACH ROW EXECUTE FUNCTION lease_turn()`);
    const visitor = await product.visit({
      appKey: (await appWithBot('Survivor', await startBot(answer))).key,
    });
    await visitor.write('Hello?');
    const waits = () => sql`
      SELECT FROM graphile_worker.jobs JOIN bot_turns ON session_id = ${visitor.sessionId}
      WHERE task_identifier = 'ask-http-bot' AND key = ${`ask-http-bot ${visitor.sessionId}`}
        AND date_trunc('milliseconds', run_at) = date_trunc('milliseconds', lease_until)`;
    await expect.poll(waits).toHaveLength(1);
    await sql`UPDATE bot_turns SET lease_until = now()`;
    await sql`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE key LIKE 'ask-http-bot %'`;
    await expect.poll(() => textsOf(visitor)).toContain('At your service');
  });

  it('that is slow has one resumed job for each conversation, however long it waits', async () => {
    const { sql } = product.database;
    const slow = await appWithBot('Slow', await startBot(answer));
    const flag = `app:${slow.id}`;
    // As while no slot becomes free for the app: its jobs wait.
    await sql.unsafe(`
      CREATE FUNCTION no_slot() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN NEW.run_at = now() + interval '1 hour'; RETURN NEW; END $$;
      CREATE TRIGGER no_slot BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW
      WHEN (NEW.flags ? '${flag}') EXECUTE FUNCTION no_slot()`);
    const visitor = await product.visit({ appKey: slow.key });
    await visitor.write('Hello?');
    const waiting = () => sql<{ id: string; key: string | null }[]>`
      SELECT id, key FROM graphile_worker._private_jobs WHERE is_available AND flags ? ${flag} ORDER BY id`;
    await expect.poll(waiting).toMatchObject([{ key: null }]);
    await sql`UPDATE bot_turns SET created_at = now() - interval '1 hour', lease_until = NULL`;
    const resume = async () => {
      await sql`SELECT graphile_worker.add_job('resume-bot-turns')`;
      const resuming = () => sql`SELECT FROM graphile_worker.jobs WHERE task_identifier = 'resume-bot-turns'`;
      await expect.poll(resuming).toEqual([]);
    };
    await resume();
    const resumed = await waiting();
    expect(resumed.map(({ key }) => key)).toEqual([null, `ask-http-bot ${visitor.sessionId}`]);
    await resume();
    await resume();
    expect(await waiting()).toEqual(resumed);
  });
});
