import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventSegment, type EventStory, type ListedEvent, topics } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveEvents } from '../../packages/server/src/archive/archive-events.ts';
import { createDiskStore } from '../../packages/server/src/attachments/disk-store.ts';
import type { FileStore } from '../../packages/server/src/attachments/file-store.ts';
import { createBroadcastHistory } from '../../packages/server/src/dispatch/broadcast-history.ts';
import { ageConversation } from '../support/aged-events.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let sql: TestProduct['database']['sql'];
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct({
    EVENT_RETRY_ATTEMPTS: '0',
    EVENT_RETENTION_DAYS: '10',
    EVENT_ARCHIVE_DAYS: '100',
  });
  sql = product.database.sql;
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

/** A conversation of a visitor whose events were all handled. */
async function conversation(text = 'opening hours'): Promise<Visitor & { readonly key: string }> {
  const visitor = await product.visit();
  await visitor.write(text);
  const [session] = await sql<{ key: string }[]>`
    SELECT conversation_key AS key FROM sessions WHERE id = ${visitor.sessionId}`;
  const key = session?.key ?? '';
  await expect.poll(async () => (await visitor.history()).length).toBe(3);
  return { ...visitor, key };
}

async function eventsOf(key: string): Promise<readonly ListedEvent[]> {
  return (await admin.call('GET', `/v1/admin/events?limit=100&key=${encodeURIComponent(key)}`)).body.items;
}

const storyOf = async (id: string): Promise<EventStory> =>
  (await admin.call('GET', `/v1/admin/events/${id}`)).body;

async function run(task: string): Promise<void> {
  const [{ id } = { id: 0 }] = await sql<{ id: string }[]>`
    SELECT id FROM graphile_worker.add_job(${task}, '{}'::json)`;
  await expect
    .poll(async () => (await sql`SELECT FROM graphile_worker.jobs WHERE id = ${id}`).length)
    .toBe(0);
}
const archive = () => run('archive-events');

async function segmentsWith(eventId: string | undefined): Promise<readonly EventSegment[]> {
  return (await admin.call('GET', `/v1/admin/event-archive?eventId=${eventId}`)).body.items;
}

/** The segment that an event is in. */
async function segmentOf(eventId: string | undefined): Promise<EventSegment> {
  const [segment] = await segmentsWith(eventId);
  if (!segment) throw new Error('The event is not in the archive.');
  return segment;
}

async function load(eventId: string | undefined): Promise<EventSegment['status']> {
  const { id } = await segmentOf(eventId);
  expect((await admin.call('POST', `/v1/admin/event-archive/${id}/load`)).status).toBe(202);
  await expect.poll(async () => (await segmentOf(eventId)).status).not.toBe('loading');
  return (await segmentOf(eventId)).status;
}

const disk = () => createDiskStore(join(product.dataDir, 'files'));

/** Archives as another process would, with a store that differs from the disk in these functions. */
function archiveWith(differences: Partial<FileStore>): Promise<void> {
  const deps = {
    sql: product.database.sql,
    store: { ...disk(), ...differences },
    retention: { logDays: 10, archiveDays: 100, conversationDays: 0 },
    listeners: [],
    log: { warn: () => undefined },
  };
  return archiveEvents(deps, Date.now(), new AbortController().signal);
}

const folder = () => join(product.dataDir, 'files', 'events', '1');

const files = async () => {
  // Before the first file there is no folder.
  const names = existsSync(folder()) ? await readdir(folder()) : [];
  return names.map((name) => join(folder(), name));
};

describe('the archive of old events', () => {
  it('deletes what has been kept long enough, or longer than its app keeps conversations', async () => {
    const [old, older] = [await conversation(), await conversation()];
    await ageConversation(product, old, 50);
    await ageConversation(product, older, 60);
    const [young, aged] = [(await eventsOf(old.key))[0]?.id, (await eventsOf(older.key))[0]?.id];
    await archive();
    const before = await files();
    expect([(await segmentsWith(young)).length, (await segmentsWith(aged)).length]).toEqual([1, 1]);
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { conversationRetentionDays: 55 } });
    await archive();
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { conversationRetentionDays: null } });
    expect([(await segmentsWith(young)).length, (await segmentsWith(aged)).length]).toEqual([1, 0]);
    expect((await files()).length).toBe(before.length - 1);
  });
});

describe('events that are older than the log keeps them', () => {
  it('move to the archive, and come back with their whole story', async () => {
    const old = await conversation();
    const young = await conversation();
    await ageConversation(product, old, 12);
    await ageConversation(product, young, 8);
    const events = await eventsOf(old.key);
    const stories = await Promise.all(events.map(({ id }) => storyOf(id)));
    const kept = await eventsOf(young.key);

    await archive();
    expect(await eventsOf(old.key)).toEqual([]);
    expect(await eventsOf(young.key)).toEqual(kept);
    expect((await admin.call('GET', `/v1/admin/events/${events[0]?.id}`)).status).toBe(404);
    const segment = await segmentOf(events[0]?.id);
    expect(segment).toMatchObject({ appId: 1, status: 'archived', loadedUntil: null, error: null });
    expect(segment.events).toBeGreaterThanOrEqual(events.length);
    expect(segment.bytes).toBeGreaterThan(100);

    // What listeners did is deleted once the log has no older events.
    await sql`DELETE FROM handled_batches`;
    expect(await load(events[0]?.id)).toBe('loaded');
    expect(await eventsOf(old.key)).toEqual(events);
    expect(await Promise.all(events.map(({ id }) => storyOf(id)))).toEqual(stories);
    await run('trim-records');
    await archive();
    expect(await Promise.all(events.map(({ id }) => storyOf(id)))).toEqual(stories);
    const [entry] = await sql`
      SELECT actor, target FROM audit_entries WHERE action = 'archive.load' AND target = ${String(segment.id)}`;
    expect(entry).toEqual({ actor: `admin ${admin.id}`, target: String(segment.id) });

    await sql`UPDATE event_segments SET loaded_until = now() - interval '1 second' WHERE id = ${segment.id}`;
    await archive();
    expect(await eventsOf(old.key)).toEqual([]);
    expect(await segmentOf(events[0]?.id)).toEqual(segment);
  });

  it('are not handled again when they come back, and can be replayed then', async () => {
    const old = await conversation();
    await ageConversation(product, old, 12);
    const [event] = (await eventsOf(old.key)).filter(({ type }) => type === 'MessageReadyEvent');
    const request = { listeners: [sickListener], filter: { eventId: event?.id } };
    const preview = async () => (await admin.call('POST', '/v1/admin/replays/preview', request)).body;
    expect(await preview()).toMatchObject({ events: 1, archived: 0 });
    const before = await old.history();
    await archive();
    expect(await preview()).toMatchObject({ events: 0, archived: (await segmentOf(event?.id)).events });
    await load(event?.id);
    expect(await preview()).toMatchObject({ events: 1, archived: 0 });
    expect(await old.history()).toEqual(before);
    expect((await admin.call('POST', '/v1/admin/replays', request)).status).toBe(202);
    await expect.poll(async () => (await storyOf(event?.id ?? '')).replays[0]?.status).toBe('done');
    // As long as the replay is on record, its events stay.
    await sql`UPDATE event_segments SET loaded_until = now() - interval '1 second' WHERE loaded_until IS NOT NULL`;
    await archive();
    expect((await eventsOf(old.key)).map(({ id }) => id).at(-1)).toBe(event?.id);
  });

  it('stay in the log while a listener or a person needs them', async () => {
    const { heal } = await sicken(product);
    const visitor = await product.visit();
    await visitor.write('poison');
    const dead = async () =>
      (await admin.call('GET', '/v1/admin/events?outcome=dead')).body.items as ListedEvent[];
    await expect.poll(async () => (await dead()).length).toBe(1);
    const key = (await dead())[0]?.key ?? '';
    await ageConversation(product, visitor, 12);
    const [letter] = await dead();
    await archive();
    await archive();
    expect((await eventsOf(key)).map(({ id }) => id)).toEqual([letter?.id]);
    expect(await segmentsWith(letter?.id)).toHaveLength(1);
    await heal();
    const filter = { eventId: letter?.id };
    expect((await admin.call('POST', '/v1/admin/dead-letters/discard', { filter })).body.discarded).toBe(1);
    const story = await storyOf(letter?.id ?? '');
    expect(story.listeners.map(({ outcome }) => outcome)).toContain('discarded');
    await archive();
    expect(await eventsOf(key)).toEqual([]);
    // Discarded after it was archived.
    await load(letter?.id);
    expect((await storyOf(letter?.id ?? '')).listeners).toEqual(story.listeners);
  });

  it('stay in the log while a listener is paused for their app', async () => {
    const old = await conversation();
    await sql`
      INSERT INTO app_checkpoints (subscription, partition, app_id, "offset")
      SELECT ${sickListener}, partition, 1, "offset" - 1 FROM events WHERE key = ${old.key} ORDER BY "offset" DESC LIMIT 1`;
    const newest = (await eventsOf(old.key))[0];
    await ageConversation(product, old, 12);
    await archive();
    expect((await eventsOf(old.key)).map(({ type }) => type)).toEqual([newest?.type]);
    await sql`DELETE FROM app_checkpoints`;
    await archive();
    expect(await eventsOf(old.key)).toEqual([]);
  });
});

/** Three conversations, one after the other, of which the first and the last have aged by so many days. */
async function agedAround(days: number): Promise<Awaited<ReturnType<typeof conversation>>> {
  const [before, between, after] = [await conversation(), await conversation(), await conversation()];
  await ageConversation(product, before, days);
  await ageConversation(product, after, days);
  return between;
}

describe('events of a node whose clock is far behind', () => {
  /** The newest file with the time of these events has them all; then they leave the log again. */
  async function expectInArchive(key: string, events: readonly ListedEvent[]): Promise<void> {
    expect(await eventsOf(key)).toEqual([]);
    expect(await load(events[0]?.id)).toBe('loaded');
    expect(await eventsOf(key)).toEqual(events);
    await sql`UPDATE event_segments SET loaded_until = now() - interval '1 second' WHERE loaded_until IS NOT NULL`;
    const archived = await sql`SELECT id FROM event_segments ORDER BY id`;
    await archive();
    expect(await eventsOf(key)).toEqual([]);
    expect(await sql`SELECT id FROM event_segments ORDER BY id`).toEqual(archived);
  }

  it('move to the archive although it has later ones', async () => {
    const between = await agedAround(13);
    await archive();
    const earlier = await conversation();
    await ageConversation(product, between, 13);
    await ageConversation(product, earlier, 20);
    const events = [await eventsOf(between.key), await eventsOf(earlier.key)] as const;
    await archive();
    await expectInArchive(between.key, events[0]);
    await expectInArchive(earlier.key, events[1]);
  });

  it('move to the archive if they are appended while a file of their time is written', async () => {
    const between = await agedAround(14);
    let files = 0;
    let events: readonly ListedEvent[] = [];
    await archiveWith({
      put: async (file, bytes) => {
        files += 1;
        if (files === 1) {
          await ageConversation(product, between, 14);
          events = await eventsOf(between.key);
        }
        await disk().put(file, bytes);
      },
    });
    await archive();
    await expectInArchive(between.key, events);
  });

  it('stay as long as those before them if the archive does not keep their time', async () => {
    const visitor = await conversation();
    const { key } = visitor;
    await ageConversation(product, visitor, 0);
    await sql`
      UPDATE events SET id = '00000000-0001-7000-8000-000000000000'
      WHERE id = (SELECT id FROM events WHERE key = ${key} ORDER BY "offset" DESC LIMIT 1)`;
    const events = await eventsOf(key);
    await archive();
    expect(await eventsOf(key)).toEqual(events);
  });
});

describe('the archive', () => {
  it('says which file is damaged, and takes it back once it is restored', async () => {
    const old = await conversation();
    await ageConversation(product, old, 12);
    const [event] = await eventsOf(old.key);
    await archive();
    const { id } = await segmentOf(event?.id);
    const name = `events/1/${id}`;
    const path = join(product.dataDir, 'files', name);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(1));
    expect(await load(event?.id)).toBe('failed');
    expect((await segmentOf(event?.id)).error).toBe(
      `The file ${name} is damaged: its checksum does not match.`,
    );
    await rm(path);
    expect(await load(event?.id)).toBe('failed');
    expect((await segmentOf(event?.id)).error).toBe(`The file ${name} is missing from the file store.`);
    await writeFile(path, bytes);
    expect(await load(event?.id)).toBe('loaded');
    expect((await eventsOf(old.key)).map(({ id }) => id)).toContain(event?.id);
  });

  it('loses no event when its store fails, and leaves no file behind that nothing knows', async () => {
    const old = await conversation();
    await ageConversation(product, old, 12);
    const events = await eventsOf(old.key);
    const before = await files();
    const full = () => Promise.reject(new Error('No space left'));
    await expect(archiveWith({ put: full })).rejects.toThrow('failed apps: 1');
    await expect(archiveWith({ read: async () => undefined })).rejects.toThrow('failed apps: 1');
    await expect(archiveWith({ put: (file, bytes) => disk().put(file, bytes.subarray(1)) })).rejects.toThrow(
      'failed apps: 1',
    );
    expect(await eventsOf(old.key)).toEqual(events);
    expect(await segmentsWith(events[0]?.id)).toEqual([]);
    await archive();
    expect(await eventsOf(old.key)).toEqual([]);
    expect(await segmentsWith(events[0]?.id)).toHaveLength(1);
    // What the failed attempts left is deleted once no process can be writing it any more.
    await sql`UPDATE event_segments SET archived_at = now() - interval '4 hours' WHERE status = 'writing'`;
    await archive();
    expect((await files()).length).toBe(before.length + 1);
  });

  it('has each event once when two processes archive at the same time, and loses none', async () => {
    const old = await conversation();
    await ageConversation(product, old, 12);
    const events = await eventsOf(old.key);
    const before = await files();
    // The first one is about to store its file when the second one archives the same events and removes them.
    await archiveWith({
      put: async (file, bytes) => {
        await sql`DELETE FROM handled_batches`;
        await archive();
        await disk().put(file, bytes);
      },
    });
    expect(await eventsOf(old.key)).toEqual([]);
    expect(await segmentsWith(events[0]?.id)).toHaveLength(1);
    expect((await files()).length).toBe(before.length + 1);
    expect(await load(events[0]?.id)).toBe('loaded');
    expect(await eventsOf(old.key)).toEqual(events);
  });

  it('is for administrators of the app; others read it at most', async () => {
    const old = await conversation();
    await ageConversation(product, old, 12);
    const [event] = await eventsOf(old.key);
    await archive();
    const { id } = await segmentOf(event?.id);
    const supervisor = await product.employ({ role: 'supervisor' });
    expect((await supervisor.call('GET', '/v1/admin/event-archive')).body.items).not.toEqual([]);
    expect((await supervisor.call('POST', `/v1/admin/event-archive/${id}/load`)).status).toBe(403);
    const { body: other } = await admin.call('POST', '/v1/admin/apps', { name: 'Other' });
    const stranger = await product.employ({ role: 'supervisor', appIds: [other.id] });
    expect((await stranger.call('GET', '/v1/admin/event-archive')).body.items).toEqual([]);
    expect((await admin.call('POST', '/v1/admin/event-archive/999999/load')).status).toBe(404);
  });
});

describe('a client that has been away for longer than the log', () => {
  it('reloads instead of missing what was removed', async () => {
    const old = await conversation();
    const history = createBroadcastHistory({ sql, maxEvents: 1_000, maxAgeSeconds: 1e9 });
    const question = { appId: 1, topic: topics.session(old.sessionId) };
    const start = await history.resume(question);
    const from = { epoch: start?.epoch ?? '', positions: start?.positions ?? {} };
    const [partition = ''] = Object.keys(from.positions);
    const earlier = { ...from, positions: { [partition]: (from.positions[partition] ?? 0) - 1 } };
    expect(await history.resume({ ...question, from: earlier })).toMatchObject({ recovered: true });
    const list = async (position: string) =>
      (await admin.call('GET', `/v1/admin/events?after=${encodeURIComponent(position)}`)).body;
    const { position } = (await admin.call('GET', '/v1/admin/events?limit=1')).body;
    await old.write('opening hours');
    await expect.poll(async () => (await old.history()).length).toBe(5);
    expect((await list(position)).items.length).toBeGreaterThan(0);
    await ageConversation(product, old, 12);
    await archive();
    history.forget();
    expect(await history.resume({ ...question, from: earlier })).toMatchObject({
      recovered: false,
      missed: [],
    });
    expect(await list(position)).toMatchObject({
      status: 410,
      type: expect.stringContaining('position_expired'),
    });
  });
});
