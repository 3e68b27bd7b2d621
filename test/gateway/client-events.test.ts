import { afterEach, describe, expect, it } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { acme, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { holdClock } from '../support/held-clock.ts';

let server: TestGateway;
afterEach(() => server.stop());

describe('client events', () => {
  const join = async (channel: string) => {
    const client = server.raw();
    client.subscribe(channel, { auth: signSubscription(acme, await client.socketId(), channel) });
    await client.next('pusher_internal:subscription_succeeded');
    return client;
  };

  it('are rejected on public channels, from non-members, and when too large', async () => {
    server = await startGateway();
    const [sender, other] = [await join('private-x'), await join('private-x')];
    sender.subscribe('open');
    const attempts = [
      { channel: 'open', data: {} },
      { channel: 'private-y', data: {} },
      { data: {} },
      { channel: 'private-x', data: { text: 'x'.repeat(11_000) } },
    ];
    for (const attempt of attempts) {
      sender.send({ event: 'client-x', ...attempt });
      expect((await sender.next('pusher:error')).data).toMatchObject({ code: 4301 });
    }
    await other.settled();
    expect(other.frames.filter(({ event }) => event === 'client-x')).toEqual([]);
  });

  it('are limited to ten a second, and only the sender is notified of the rest', async () => {
    const clock = holdClock();
    server = await startGateway({ config: { maxMessagesPerSecond: 1e6 } });
    const [sender, other] = [await join('private-x'), await join('private-x')];
    const named = (client: RawClient, event: string) =>
      client.frames.filter((frame) => frame.event === event);
    const flood = async (count: number) => {
      for (let at = 0; at < count; at += 1)
        sender.send({ event: 'client-x', channel: 'private-x', data: { at } });
      await sender.settled();
      await other.settled();
      return { received: named(other, 'client-x').length, refused: named(sender, 'pusher:error').length };
    };
    try {
      // The burst is one second's worth.
      expect(await flood(2_000)).toEqual({ received: 10, refused: 1_990 });
      clock.pass(500);
      expect(await flood(100)).toEqual({ received: 15, refused: 2_085 });
      for (const { data } of named(sender, 'pusher:error')) expect(data).toMatchObject({ code: 4301 });
      expect(named(sender, 'client-x')).toEqual([]);
    } finally {
      clock.release();
    }
  });
});
