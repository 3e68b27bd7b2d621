import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedisHints, type Hints } from '../../packages/server/src/dispatch/redis-hints.ts';
import { quiet } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let nodes: Hints[];
beforeEach(async () => {
  redis = await startRedis();
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await redis.stop();
});

/** A node, and the partitions for which it received hints. */
function node(warn: () => void = () => {}, url = redis.url) {
  const hinted = new Set<number>();
  const hints = createRedisHints({
    url,
    onHint: (partitions) => {
      for (const partition of partitions) hinted.add(partition);
    },
    log: { ...quiet, warn },
  });
  nodes.push(hints);
  return { hints, hinted };
}

/** Hints may get lost, so they are sent until one arrives. */
const arrives = (from: ReturnType<typeof node>, to: ReturnType<typeof node>, partition: number) =>
  expect
    .poll(() => {
      from.hints.hint([partition]);
      return to.hinted.has(partition);
    })
    .toBe(true);

describe('hints between nodes', () => {
  it('reach the other nodes', async () => {
    const [one, two] = [node(), node()];
    await arrives(one, two, 7);
    await arrives(two, one, 8);
  });

  it('resume after Redis restarts, with at most one warning per connection', async () => {
    let warnings = 0;
    const [one, two] = [node(() => warnings++), node()];
    await arrives(one, two, 7);
    await redis.restart();
    await arrives(one, two, 9);
    expect(warnings).toBeLessThanOrEqual(2);
  });

  it('start once Redis is up, for nodes that started before it', async () => {
    const { port } = new URL(redis.url);
    const door = createServer((client) => {
      const server = connect(Number(port), '127.0.0.1');
      // The close event follows.
      for (const socket of [client, server]) socket.on('error', () => {});
      client.pipe(server).pipe(client);
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port: doorPort } = door.address() as AddressInfo;
    door.close();
    await once(door, 'close');
    let warnings = 0;
    const make = () => node(() => warnings++, `redis://127.0.0.1:${doorPort}`);
    const [one, two] = [make(), make()];
    await expect.poll(() => warnings).toBe(4);
    one.hints.hint([1]);
    door.listen(doorPort, '127.0.0.1');
    await arrives(one, two, 10);
    expect(warnings).toBe(4);
    door.close();
  });

  it('do not keep a node from stopping while Redis is down', async () => {
    await redis.stop();
    await node().hints.stop();
  });
});
