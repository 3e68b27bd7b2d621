import { afterEach, describe, expect, it } from 'vitest';
import { findEmbedded } from '../../packages/server/src/db/embedded.ts';
import { beforeBotReplies, openingHours } from '../support/bot-replies.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import {
  cleanUp,
  emptyDatabase,
  mevrik,
  migratedDataDir,
  startServer,
  temporaryDatabase,
  temporaryDataDir,
} from '../support/server.ts';

afterEach(cleanUp);

const listener = 'HandleMessageReadyEvent';

/** The cells of the row of a printed table that contains this word. */
const rowOf = (table: string, word: string) =>
  table
    .split('\n')
    .find((line) => line.includes(word))
    ?.split(/ {2,}/);

async function asks(server: TestProduct) {
  const visitor = await server.visit();
  expect((await visitor.write('opening hours')).status).toBe(201);
  return async () => (await visitor.history()).filter(({ text }) => text?.startsWith(openingHours)).length;
}

describe('mevrik, on the database of a running server', () => {
  let env: Record<string, string>;
  let product: TestProduct | undefined;
  let heal: () => Promise<void>;
  afterEach(async () => {
    await product?.stop();
    product = undefined;
  });

  /** A server whose bot fails, with one message that it failed on. */
  async function withDeadLetter(more: Record<string, string> = {}) {
    const server = await startTestProduct({ EVENT_RETRY_ATTEMPTS: '0', ...more });
    product = server;
    env = { DATABASE_URL: server.databaseUrl };
    const { sql } = server.database;
    heal = await beforeBotReplies(sql, `RAISE EXCEPTION 'no reply today'`);
    const answers = await asks(server);
    const dead = () => sql<{ event_id: string }[]>`SELECT event_id FROM parked_events`;
    await expect.poll(dead).toHaveLength(1);
    return { server, sql, answers, eventId: (await dead())[0]?.event_id ?? '' };
  }

  it('shows a dead letter, and lists the listeners', async () => {
    const { eventId } = await withDeadLetter();
    const { code, said } = await mevrik(env, 'dead-letters');
    expect(code).toBe(0);
    expect(said.split('\n')).toHaveLength(2);
    const [event, type, name, status, attempts, , error] = rowOf(said, eventId) ?? [];
    expect([event, type, name, status, attempts]).toEqual([
      eventId,
      'MessageReadyEvent',
      listener,
      'dead',
      '1',
    ]);
    expect(error).toContain('no reply today');
    const none = await mevrik(env, 'dead-letters', '--status', 'waiting');
    expect(none).toEqual({ code: 0, said: 'No parked events or dead letters.' });

    const all = await mevrik(env, 'subscriptions');
    expect(rowOf(all.said, 'listener')?.slice(0, 7)).toEqual([
      'listener',
      'mode',
      'status',
      'lag',
      'parked',
      'dead',
      'events',
    ]);
    const [, mode, state, , , dead, events] = rowOf(all.said, listener) ?? [];
    expect([mode, state, dead]).toEqual(['queued', 'active', '1']);
    expect(events).toContain('MessageReadyEvent');
  });

  it('retries it once its cause is fixed, and the visitor gets the reply', async () => {
    const { answers, sql } = await withDeadLetter();
    await heal();
    expect(await mevrik(env, 'retry', '--listener', 'SomebodyElse')).toEqual({
      code: 0,
      said: '0 events queued for retry.',
    });
    expect(await mevrik(env, 'retry', '--listener', listener)).toEqual({
      code: 0,
      said: '1 event queued for retry.',
    });
    await expect.poll(answers).toBe(1);
    expect((await mevrik(env, 'dead-letters')).said).toBe('No parked events or dead letters.');
    const entries = await sql`SELECT actor, action FROM audit_entries WHERE actor LIKE 'terminal %'`;
    expect(entries.length).toBeGreaterThan(0);
  });

  it('discards it: the listener never handles it', async () => {
    const { server, answers, eventId } = await withDeadLetter();
    await heal();
    expect(await mevrik(env, 'discard', '--event', eventId)).toEqual({ code: 0, said: '1 event discarded.' });
    expect(await mevrik(env, 'retry', '--all')).toEqual({ code: 0, said: '0 events queued for retry.' });
    const later = await asks(server);
    await expect.poll(later).toBe(1);
    expect(await answers()).toBe(0);
  });

  it('resumes a paused listener', async () => {
    const { server, sql } = await withDeadLetter({ EVENT_PARKED_LIMIT: '1' });
    const status = async () => rowOf((await mevrik(env, 'subscriptions')).said, listener)?.[2];
    const paused = () => sql`SELECT FROM paused_apps WHERE subscription = ${listener}`;
    await expect.poll(paused).toHaveLength(1);
    expect(await status()).toMatch(/^paused; app 1: /);
    await heal();
    await mevrik(env, 'discard', '--all');
    const waiting = await asks(server);
    expect(await mevrik(env, 'resume', listener)).toEqual({
      code: 0,
      said: `${listener} resumed for 1 app.`,
    });
    await expect.poll(waiting).toBe(1);
    expect(await status()).toBe('active');
  });

  it('replays events: shows what would run, runs it, and reports the progress', async () => {
    const { answers, eventId } = await withDeadLetter();
    await heal();
    await mevrik(env, 'discard', '--all');
    const which = ['--listener', listener, '--event', eventId];
    const preview = await mevrik(env, 'replay', 'preview', ...which);
    expect(rowOf(preview.said, listener)?.slice(0, 4)).toEqual([listener, '1', '0', '0']);
    expect(preview.said).toContain('customers may receive the same message again');
    expect((await mevrik(env, 'replay')).said).toBe('No replays.');
    const unasked = await mevrik(env, 'replay', 'run', ...which);
    expect([unasked.code, await answers()]).toEqual([1, 0]);
    expect(unasked.said).toContain('Use --yes');
    const { code, said } = await mevrik(env, 'replay', 'run', '--yes', ...which);
    expect([code, said]).toEqual([0, expect.stringContaining('Replay 1 started.')]);
    await expect.poll(answers).toBe(1);
    const state = async () => rowOf((await mevrik(env, 'replay', 'status', '1')).said, listener)?.slice(0, 4);
    await expect.poll(state).toEqual(['1', 'done', '0', '1']);
    expect((await mevrik(env, 'replay', 'cancel', '2')).said).toBe('Replay not found.');
  });

  it('reports an unknown listener', async () => {
    const { url } = await temporaryDatabase();
    const { code, said } = await mevrik({ DATABASE_URL: url }, 'resume', 'Unknown');
    expect(code).toBe(1);
    expect(said).toContain('Unknown');
    expect(said.split('\n')).toHaveLength(1);
  });
});

describe('mevrik, on a data directory', () => {
  it('finds the database that a server runs there, and leaves it running', async () => {
    const env = { DATA_DIR: await migratedDataDir() };
    const server = await startServer(env);
    const { code, said } = await mevrik(env, 'subscriptions');
    expect([code, rowOf(said, listener)?.[2]]).toEqual([0, 'active']);
    expect(await mevrik(env, 'dead-letters')).toEqual({ code: 0, said: 'No parked events or dead letters.' });
    expect((await server.call('GET', '/readyz')).status).toBe(200);
    const log = { info() {}, warn() {} };
    expect(await findEmbedded({ dataDir: env.DATA_DIR, log })).toBeDefined();
  });

  it('reports that no server is running there', async () => {
    const dataDir = await temporaryDataDir();
    expect(await mevrik({ DATA_DIR: dataDir }, 'subscriptions')).toEqual({
      code: 1,
      said: `No server is running on ${dataDir}. Start one, or set DATA_DIR or DATABASE_URL.`,
    });
  });
});

describe('mevrik, without a usable database', () => {
  it('reports it in one line, without the password', async () => {
    const gone = await mevrik({ DATABASE_URL: 'postgres://me:hush-hush@127.0.0.1:1/name' }, 'subscriptions');
    expect(gone.code).toBe(1);
    expect(gone.said).toMatch(/^Cannot connect to the database \([^\n]*\)\. Check DATABASE_URL\.$/);
    expect(gone.said).not.toContain('hush-hush');
    const { url } = await emptyDatabase();
    expect(await mevrik({ DATABASE_URL: url }, 'subscriptions')).toEqual({
      code: 1,
      said: 'This database has not been set up yet. Start a server on it first.',
    });
  });
});

describe('mevrik, with invalid arguments', () => {
  it.each([
    [[], 'Usage: mevrik <command>'],
    [['frobnicate'], 'Unknown command "frobnicate".'],
    [['dead-letters', 'please'], 'Unexpected argument "please".'],
    [['retry', '--sometime'], "Unknown option '--sometime'"],
  ])('%j shows the usage, and fails', async (args, reason) => {
    const { code, said } = await mevrik({}, ...args);
    expect(code).toBe(1);
    expect(said.split('\n')[0]).toContain(reason);
    expect(said).toContain('dead-letters           List parked events and dead letters');
  });

  it.each([
    [['retry'], 'Specify which events with a filter, or use --all.'],
    [['discard'], 'Specify which events with a filter, or use --all.'],
    [['resume'], 'Missing listener. Usage: mevrik resume <listener> [--app <id>]'],
    [['retry', '--status', 'gone'], '--status must be waiting or dead.'],
    [['retry', '--app', 'one'], '--app must be the ID of an app.'],
    [['retry', '--event', 'one'], '--event must be the ID of an event.'],
    [['replay', 'run'], 'Missing listeners. Use --listener <name>,<name>.'],
    [
      ['replay', 'run', '--listener', 'DeliverReply'],
      'Missing filter. Use --type, --from, --until, --key, --app or --event.',
    ],
    [
      ['replay', 'preview', '--listener', 'X', '--from', 'soon'],
      '"soon" is not a valid time. Example: 2026-02-28T14:00',
    ],
    [['replay', 'cancel'], 'Missing replay ID. Usage: mevrik replay cancel <id>'],
  ])('%j names the missing argument, and fails', async (args, said) => {
    expect(await mevrik({}, ...args)).toEqual({ code: 1, said });
  });

  it('--help shows the usage', async () => {
    expect(await mevrik({}, '--help')).toMatchObject({
      code: 0,
      said: expect.stringContaining('Usage: mevrik'),
    });
  });
});
