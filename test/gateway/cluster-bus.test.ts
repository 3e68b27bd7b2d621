import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userOnlineChannelName } from '@mevrik/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBroker } from '../../packages/server/src/broadcast/bus/cluster-broker.ts';
import { type ClusterBus, createClusterBus } from '../../packages/server/src/broadcast/bus/cluster-bus.ts';
import { createPeer } from '../../packages/server/src/broadcast/bus/cluster-peer.ts';
import type { OccupancyChange } from '../../packages/server/src/broadcast/bus/occupancy.ts';
import { watchlistMessage } from '../../packages/server/src/broadcast/bus/presence-message.ts';

interface Worker {
  readonly bus: ClusterBus;
  readonly socket: Socket;
  readonly changes: OccupancyChange[];
  readonly received: unknown[];
  hints: (readonly number[])[];
  isAlone: boolean;
}

let directory: string;
let accepted: Socket[];
let server: ReturnType<typeof createServer>;
let workers: Worker[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mevrik-cluster-'));
  const broker = createBroker();
  accepted = [];
  server = createServer((socket) => {
    accepted.push(socket);
    broker.connect(socket);
  }).listen(join(directory, 'broker'));
  await once(server, 'listening');
  workers = [await work(), await work(), await work()];
});
afterEach(async () => {
  for (const socket of accepted) socket.destroy();
  server.close();
  await rm(directory, { recursive: true });
});

async function work(): Promise<Worker> {
  const socket = connect(join(directory, 'broker'));
  await once(socket, 'connect');
  const bus = createClusterBus(socket, () => {
    worker.isAlone = true;
  });
  const worker: Worker = { bus, socket, changes: [], received: [], hints: [], isAlone: false };
  bus.receive(
    (message) => worker.received.push(message),
    () => {},
  );
  bus.occupancy.observe((change) => worker.changes.push(change));
  bus.onHint((partitions) => worker.hints.push(partitions));
  return worker;
}

const message = { appId: 1, topic: 'updates', event: 'e', payload: {} };

describe('workers around a broker', () => {
  it('have received what was published before once they have caught up', async () => {
    const [one, two] = workers as [Worker, Worker, Worker];
    await two.bus.subscribe(1, 'updates');
    const published = Array.from({ length: 500 }, (_, offset) => ({ ...message, at: [1, offset] as const }));
    await one.bus.publish(published);
    await two.bus.catchUp([1]);
    expect(two.received).toEqual(published);
  });

  it('notify the worker that changed the occupancy, or another one if that worker has died', async () => {
    const [one, two, three] = workers as [Worker, Worker, Worker];
    one.bus.occupancy.set(1, 'updates', 1);
    await expect
      .poll(() => one.changes)
      .toEqual([{ appId: 1, channel: 'updates', before: 0, now: 1, shouldNotify: true }]);
    two.bus.occupancy.set(1, 'updates', 2);
    await expect
      .poll(() => two.changes)
      .toEqual([{ appId: 1, channel: 'updates', before: 1, now: 3, shouldNotify: true }]);
    two.socket.destroy();
    const reported = () => [...one.changes.slice(1), ...three.changes];
    await expect
      .poll(reported)
      .toEqual([{ appId: 1, channel: 'updates', before: 3, now: 1, shouldNotify: true }]);
    expect(await three.bus.occupancy.countOf(1, 'updates')).toBe(1);
  });

  it('pass hints about new events on to all others', async () => {
    const [one, two, three] = workers as [Worker, Worker, Worker];
    one.bus.hint([3, 7]);
    for (const other of [two, three]) await expect.poll(() => other.hints).toEqual([[3, 7]]);
    expect(one.hints).toEqual([]);
  });

  it('report the metrics of every worker that has some', async () => {
    const [one, two] = workers as [Worker, Worker, Worker];
    one.bus.provideMetrics(async () => [{ name: 'a' }]);
    two.bus.provideMetrics(async () => [{ name: 'b' }]);
    expect(await one.bus.metrics()).toEqual([[{ name: 'a' }], [{ name: 'b' }]]);
  });

  it('learn that a user whose only worker has died is offline', async () => {
    const [one, two] = workers as [Worker, Worker, Worker];
    const channel = userOnlineChannelName('ann');
    await one.bus.subscribe(1, channel);
    await two.bus.presence.join({ appId: 1, channel, socketId: '2.1' }, { user_id: 'ann' }, 1);
    two.socket.destroy();
    const changes = ['online', 'offline'] as const;
    await expect
      .poll(() => one.received)
      .toEqual(changes.map((name, at) => ({ ...watchlistMessage(1, 'ann', name), order: at + 1 })));
  });

  it('move the work of a worker that dies to the remaining ones', async () => {
    const [one, two, three] = workers as [Worker, Worker, Worker];
    await Promise.all([two.bus.subscribe(1, 'updates'), three.bus.subscribe(1, 'updates')]);
    three.socket.destroy();
    await one.bus.publish([message]);
    await expect.poll(() => two.received).toEqual([message]);
    await one.bus.reached();
  });
});

describe('a worker whose broker has ended', () => {
  it('is notified once, serves its own clients, and never reports that others were reached', async () => {
    const [one] = workers as [Worker, Worker, Worker];
    accepted[0]?.destroy();
    await expect.poll(() => one.isAlone).toBe(true);
    await one.bus.publish([message]);
    expect(one.received).toEqual([message]);
    await one.bus.subscribe(1, 'updates');
    const memberKey = { appId: 1, channel: 'presence-x', socketId: '1.1' };
    expect(await one.bus.presence.leave(memberKey)).toBeUndefined();
    await expect(one.bus.presence.join(memberKey, { user_id: 'a' }, 1)).rejects.toThrow('has ended');
    const first = await Promise.race([one.bus.reached().then(() => 'reached'), one.bus.stop()]);
    expect(first).toBeUndefined();
  });

  it('that is stopping anyway is not notified', async () => {
    const [one] = workers as [Worker, Worker, Worker];
    const ended = once(one.socket, 'close');
    await one.bus.stop();
    await ended;
    expect(one.isAlone).toBe(false);
  });
});

describe('a peer', () => {
  it('that does not read is disconnected before its buffer fills the memory', async () => {
    const socket = connect(join(directory, 'broker')).pause();
    await once(socket, 'connect');
    await expect.poll(() => accepted.length).toBe(4);
    let isGone = false;
    const calls: Record<string, () => void> = {};
    const peer = createPeer<{ say(text: string): void }, typeof calls>(accepted[3] as Socket, calls, () => {
      isGone = true;
    });
    const text = 'x'.repeat(1024 * 1024);
    for (let sent = 0; sent < 80; sent += 1) peer.notify('say', text);
    await expect.poll(() => isGone).toBe(true);
    expect(peer.isOpen).toBe(false);
    socket.destroy();
  });

  it('rejects an unknown call, and a call after the connection has ended', async () => {
    const here = connect(join(directory, 'broker'));
    await once(here, 'connect');
    const peer = createPeer<{ nothing(): void }, Record<string, () => void>>(here, {}, () => {});
    await expect(peer.call('nothing')).rejects.toThrow('Unknown call "nothing"');
    peer.end();
    await once(here, 'close');
    await expect(peer.call('nothing')).rejects.toThrow('has ended');
  });
});
