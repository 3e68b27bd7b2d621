import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startTestProduct } from '../support/product.ts';
import {
  type ClusterGroup,
  type SentinelGroup,
  sendCommand,
  startClusterGroup,
  startSentinelGroup,
} from '../support/redis-groups.ts';
import { type Memory, newMemory, ResumingClient } from '../support/resuming-client.ts';

const heardName = 'mevrik:1:messages';

/** The ids of the customers' messages that a client received, in order. */
const idsIn = ({ shown }: Memory) =>
  (shown as { message: { id: number; isReply: boolean } }[])
    .filter(({ message }) => !message.isReply)
    .map(({ message }) => message.id);

/** Kills the master of the topic, and starts it again once another one has taken over. */
async function killMaster(group: ClusterGroup | SentinelGroup): Promise<void> {
  const master = () => ('sentinels' in group ? group.master() : group.masterOf(heardName));
  const killed = await master();
  await killed.end('SIGKILL');
  // No master during the failover: ask again.
  await expect.poll(() => master().catch(() => killed)).not.toBe(killed);
  await killed.begin();
}

/** Ten times, briefly cuts every subscription to the topic's shard while publishing continues. */
async function cutListeners(group: ClusterGroup | SentinelGroup): Promise<void> {
  if ('sentinels' in group) throw new Error('there are no shards');
  const master = await group.masterOf(heardName);
  for (let n = 0; n < 10; n += 1) {
    await expect.poll(() => sendCommand(master, ['CLIENT', 'KILL', 'TYPE', 'PUBSUB'])).toBe(2);
  }
}

type Happening = (group: ClusterGroup | SentinelGroup) => Promise<void>;

it.each<[string, () => Promise<ClusterGroup | SentinelGroup>, Happening]>([
  ['Sentinels switch to another master', () => startSentinelGroup(), killMaster],
  ['a replica takes over a shard', () => startClusterGroup({ replicas: 1 }), killMaster],
  ['subscriptions to a shard are cut', () => startClusterGroup(), cutListeners],
])(
  'clients of two nodes receive all messages once, in order per conversation, while %s',
  async (_what, start, happen) => {
    const group = await start();
    onTestFinished(() => group.stop());
    const settings = { REDIS_URL: group.url, RECOVERY_MAX_EVENTS: '10000' };
    const one = await startTestProduct(settings);
    onTestFinished(() => one.stop());
    await one.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
    await one.database.sql`INSERT INTO bots (app_id, kind) VALUES (${one.app.id}, 'none')`;
    const two = await startTestProduct({ ...settings, DATABASE_URL: one.databaseUrl });
    onTestFinished(() => two.stop());
    const followers = [one, two].map((node) => {
      const memory = newMemory();
      return { memory, client: new ResumingClient(node.url, one.app.key, 'messages', memory) };
    });
    await Promise.all(followers.map(({ client }) => client.subscribed));
    let isOver = false;
    const writing = [one, two, one, two].map(async (node) => {
      const visitor = await node.visit();
      const ids: number[] = [];
      for (let more = 20; more > 0; more -= isOver ? 1 : 0) {
        const { status, body } = await visitor.write(`message ${ids.length}`);
        expect(status).toBe(201);
        ids.push(body.message.id);
        // Without a pause, a slow failover on a busy machine brings more messages than its clients can take in.
        await delay(20);
      }
      return ids;
    });
    const happened = happen(group).finally(() => {
      isOver = true;
    });
    // Together, so that no rejection is left unhandled when another one fails the test first.
    const [conversations] = await Promise.all([Promise.all(writing), happened]);
    const all = conversations.flat().toSorted((a, b) => a - b);
    for (const { memory, client } of followers) {
      await expect.poll(() => idsIn(memory).toSorted((a, b) => a - b)).toEqual(all);
      for (const conversation of conversations) {
        expect(idsIn(memory).filter((id) => conversation.includes(id))).toEqual(conversation);
      }
      expect([memory.reloads, client.ws.readyState]).toEqual([0, 1]);
      await client.cut();
    }
  },
  120_000,
);
