import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../packages/server/src/db/database.ts';
import {
  type GraphFault,
  type GraphStandIn,
  signWebhook,
  startGraphStandIn,
} from '../scripts/stand-ins/graph-stand-in.ts';
import { ofThread, page } from './support/facebook.ts';
import {
  app,
  appEnv,
  cleanUp,
  type RunningServer,
  setUp,
  startServer,
  stop,
  temporaryDatabase,
} from './support/server.ts';

const patience = { timeout: 100_000 };
let graph: GraphStandIn;
let database: ReturnType<typeof openDatabase>;
let url: string;
beforeEach(async () => {
  graph = await startGraphStandIn();
  const made = await temporaryDatabase();
  url = made.url;
  database = openDatabase(made.connection, { maxConnections: 3, applicationName: 'test' });
});
afterEach(async () => {
  await database.close();
  await cleanUp();
  await graph.stop();
});

const start = () =>
  startServer({ DATABASE_URL: url, GRAPH_API_URL: graph.url, LOG_LEVEL: 'warn', ...appEnv });

/** Starts a server whose app has the page and hands every conversation over. */
async function first() {
  const server = await start();
  const token = await setUp(server);
  const call = (method: string, path: string, body: unknown) => server.call(method, path, { token, body });
  const delivery = { firstDelayMs: 10, longestDelayMs: 50, timeoutMs: 120_000, doubtMs: 10, attempts: 4 };
  await call('PATCH', '/v1/admin/apps/1', {
    settings: { welcome: false, caseOpenedText: 'In line.', delivery },
  });
  await call('PUT', '/v1/admin/apps/1/rules', { rules: [{ name: 'all', when: 'true', action: 'queue' }] });
  const { status } = await call('PUT', '/v1/admin/apps/1/channels/page', {
    kind: 'facebook',
    settings: page,
  });
  expect(status).toBe(200);
  return { server, call };
}

async function webhook(server: RunningServer, payload: unknown): Promise<number> {
  const { body, headers } = signWebhook(payload, page.appSecret);
  const path = `${server.url}/webhooks/facebook/${app.key}/page`;
  return (await fetch(path, { method: 'POST', headers, body })).status;
}

const writes = (server: RunningServer, person: string, text: string, timestamp = Date.now()) =>
  webhook(
    server,
    ofThread({ sender: { id: person }, timestamp, message: { mid: `${person} ${text}`, text } }),
  );

/** The leases of what a dead process was sending are over at once: nobody waits for the clock. */
const endLeases = () =>
  database.sql`
    WITH over AS (UPDATE deliveries SET lease_until = now() WHERE status = 'sending' RETURNING conversation_key AS key)
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', key), job_key => 'deliver ' || key)
    FROM over`;

/** What every part of a message that came across was, in its order. */
const heard = (person: string) => graph.textsFor(person).slice(1);
const long = Array.from({ length: 900 }, (_, number) => `word${number}`).join(' ');
const isTo =
  (person: string, startsWith: string) =>
  (given: { body: { recipient?: { id: string }; message?: { text?: string } } }) =>
    given.body.recipient?.id === person && (given.body.message?.text ?? '').startsWith(startsWith);

it('killed at every step of sending: nothing is lost, order is kept, and what may have come twice is on record', async () => {
  const { server, call } = await first();
  /** Where the sending stands when the process is killed; and how often its first message then comes across. */
  const steps: readonly {
    person: string;
    text: string;
    fault?: GraphFault;
    doubts: number;
    heard: readonly string[];
  }[] = [
    {
      person: 'asked, and not taken',
      text: 'one',
      fault: { does: 'hang', accepts: false },
      doubts: 1,
      heard: ['one', 'two'],
    },
    {
      person: 'taken, and not answered',
      text: 'one',
      fault: { does: 'wait' },
      doubts: 1,
      heard: ['one', 'one', 'two'],
    },
    {
      person: 'taken and come back as an echo',
      text: 'one',
      fault: { does: 'wait' },
      doubts: 0,
      heard: ['one', 'two'],
    },
    { person: 'answered, and not written down', text: 'one', doubts: 1, heard: ['one', 'one', 'two'] },
    {
      person: 'waiting for the next attempt',
      text: 'one',
      fault: { does: 'refuse', code: 2, status: 500, headers: { 'retry-after': '2' } },
      doubts: 0,
      heard: ['one', 'two'],
    },
    { person: 'between the parts', text: long, fault: { does: 'wait' }, doubts: 1, heard: [] },
    { person: 'just written', text: 'one', doubts: 0, heard: ['one', 'two'] },
  ];
  const sessions = new Map<string, number>();
  for (const { person } of steps) {
    await writes(server, person, 'hello');
    await expect.poll(() => graph.textsFor(person), patience).toEqual(['In line.']);
    const [row] = await database.sql<{ id: number }[]>`
      SELECT id::int FROM sessions WHERE conversation_key = ${`1/page:${person}`}`;
    sessions.set(person, row?.id ?? 0);
  }
  const say = async (person: string, text: string) => {
    const { status, body } = await call('POST', `/v1/sessions/${sessions.get(person)}/replies`, { text });
    expect(status, JSON.stringify(body)).toBe(201);
    return body.message.id as number;
  };

  let locked: Promise<unknown> = Promise.resolve();
  let unlock = () => {};
  for (const { person, text, fault } of steps) {
    const startsWith = text === long ? 'word2' : text;
    if (fault) graph.misbehave(fault, 1, isTo(person, startsWith));
    if (person === 'answered, and not written down') graph.misbehave({ does: 'wait' }, 1, isTo(person, text));
    if (person === 'just written') continue;
    const message = await say(person, text);
    await say(person, 'two');
    const reached = () => graph.asked(isTo(person, startsWith));
    await expect.poll(reached, patience).toBe(true);
    if (person !== 'answered, and not written down') continue;
    // Nobody can write down that it was sent while its row is locked.
    locked = new Promise<void>((ready) => {
      database.sql
        .begin(async (sql) => {
          await sql`SELECT FROM deliveries WHERE message_id = ${message} FOR UPDATE`;
          ready();
          await new Promise<void>((resume) => {
            unlock = resume;
          });
        })
        .catch(() => {});
    });
    await locked;
    graph.release(isTo(person, text));
  }
  await expect.poll(() => graph.answered(isTo('answered, and not written down', 'one')), patience).toBe(true);
  const last = steps.at(-1)?.person ?? '';
  await say(last, 'one');
  await say(last, 'two');
  await stop(server, 'SIGKILL');
  unlock();
  graph.behave();
  graph.release();

  const again = await start();
  const echoed = graph.accepted.find((given) => isTo('taken and come back as an echo', 'one')(given));
  const echo = {
    mid: echoed?.id,
    is_echo: true,
    app_id: 1,
    metadata: echoed?.body.message.metadata,
    text: 'one',
  };
  await webhook(
    again,
    ofThread({
      sender: { id: page.pageId },
      recipient: { id: 'taken and come back as an echo' },
      message: echo,
    }),
  );
  const isKnown = async () => {
    const [row] = await database.sql`
      SELECT FROM deliveries WHERE contact_id = 'taken and come back as an echo' AND status = 'sending'`;
    return row === undefined;
  };
  await expect.poll(isKnown, patience).toBe(true);
  await endLeases();

  const open = async () =>
    (await database.sql`SELECT id FROM deliveries WHERE status IN ('queued', 'sending')`).length;
  await expect.poll(open, patience).toBe(0);
  const failed = await database.sql`SELECT id FROM deliveries WHERE status = 'failed'`;
  expect(failed).toEqual([]);
  for (const { person, text, heard: expected } of steps) {
    const parts = heard(person);
    if (text !== long) {
      // Killed right after the answer, it may have been handed over and be in doubt.
      const once = parts.filter((part, at) => part !== parts[at - 1]);
      expect([person, person === last ? once : parts]).toEqual([person, expected]);
      continue;
    }
    const once = parts.filter((part, at) => part !== parts[at - 1]);
    expect(once.at(-1)).toBe('two');
    expect(once.slice(0, -1).join(' ')).toBe(long);
    expect(parts.length).toBe(once.length + 1);
  }
  const doubts = await database.sql<{ person: string; doubts: number; notes: number }[]>`
    SELECT contact_id AS person, sum(doubts)::int AS doubts,
           (SELECT count(*)::int FROM messages WHERE conversation_key = deliveries.conversation_key AND kind = 'note'
              AND content ->> 'text' LIKE '%may have reached the customer%') AS notes
    FROM deliveries GROUP BY contact_id, conversation_key`;
  for (const { person, doubts: expected } of steps.filter((one) => one.person !== last)) {
    expect(doubts.find((row) => row.person === person)).toEqual({
      person,
      doubts: expected,
      notes: expected,
    });
  }
  const twice = (person: string) => heard(person).length - new Set(heard(person)).size;
  for (const { person, doubts: known } of doubts)
    expect([person, twice(person) <= known]).toEqual([person, true]);
}, 240_000);

it('an update that was answered with 200 becomes a message, once and in its order, whenever the server is killed', async () => {
  const { server } = await first();
  const taken: string[] = [];
  let killed: Promise<unknown> | undefined;
  const people = ['ann', 'bob', 'cy', 'di'];
  const texts = Array.from({ length: 30 }, (_, number) => `text ${String(number).padStart(2, '0')}`);
  const send = async (to: RunningServer, person: string) => {
    for (const [at, text] of texts.entries()) {
      if ((await writes(to, person, text, 1_700_000_000_000 + at)) !== 200) return;
      taken.push(`${person} ${text}`);
      if (taken.length === 50) killed = stop(server, 'SIGKILL');
    }
  };
  await Promise.allSettled(people.map((person) => send(server, person)));
  await killed;
  expect(taken.length).toBeGreaterThanOrEqual(50);

  const again = await start();
  const stored = async () =>
    (
      await database.sql<
        { id: string }[]
      >`SELECT external_id AS id FROM messages WHERE NOT is_reply ORDER BY id`
    ).map(({ id }) => id);
  const missing = async () => {
    const known = new Set(await stored());
    return taken.filter((id) => !known.has(id));
  };
  await expect.poll(missing, patience).toEqual([]);
  // What was not answered with 200 comes again; and so does all else, as at-least-once means.
  await Promise.all(people.map((person) => send(again, person)));
  await expect.poll(async () => (await stored()).length, patience).toBe(people.length * texts.length);
  const all = await stored();
  for (const person of people) {
    expect(all.filter((id) => id.startsWith(person))).toEqual(texts.map((text) => `${person} ${text}`));
  }
}, 240_000);
