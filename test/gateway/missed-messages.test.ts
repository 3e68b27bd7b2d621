import { expect, it, onTestFinished } from 'vitest';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { quiet, startGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

it('pusher-js reconnects after messages from the log were missed that cannot be recovered', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  // The log no longer has what was missed.
  const history = { ...noHistory, since: async () => undefined };
  const bus = createRedisBus({ url: redis.url, log: quiet, history });
  const gateway = await startGateway({ bus, history });
  onTestFinished(() => gateway.stop());
  await expect.poll(() => bus.isConnected()).toBe(true);

  const follow = (channel: string) => {
    const pusher = gateway.pusher({ as: 'ann' });
    const followed = { pusher, loads: 0, errors: [] as unknown[] };
    // It also reports the close frame, without data.
    pusher.connection.bind('error', ({ error }: { error?: { data: unknown } }) => {
      if (error) followed.errors.push(error.data);
    });
    pusher.subscribe(channel).bind('pusher:subscription_succeeded', () => {
      followed.loads += 1;
    });
    return followed;
  };
  const session = follow('private-session1');
  const weather = follow('weather');
  const opening = follow('private-opening');
  const loads = () => [session, weather, opening].map((one) => one.loads);
  await expect.poll(loads).toEqual([1, 1, 1]);

  await bus.catchUp([1]);
  await expect.poll(loads).toEqual([2, 1, 1]);
  expect(session.errors).toEqual([{ code: 4200, message: 'Messages were missed: load your state again' }]);
});
