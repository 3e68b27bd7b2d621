/** A gateway in its own process, for tests that kill it. It reports its port on request. */
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { acme, quiet, startGateway } from './gateway.ts';
import { heartbeatMs } from './redis.ts';

const now = Date.now;
const clockAheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
Date.now = () => now() + clockAheadMs;

const { REDIS_URL: url = '', WEBHOOK_URL, BUS_PREFIX: prefix = 'mevrik', HEARTBEAT_MS } = process.env;
const events = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'] as const;
const webhooks = WEBHOOK_URL ? [{ url: WEBHOOK_URL, events }] : [];
const app = { ...acme, settings: { realtime: { ...acme.settings.realtime, webhooks } } };
const server = await startGateway({
  apps: { byKey: async () => app, byId: async () => app },
  config: { lingerMs: 100, webhookGatherMs: 10 },
  bus: createRedisBus({
    url,
    log: quiet,
    history: noHistory,
    prefix,
    heartbeatMs: Number(HEARTBEAT_MS ?? heartbeatMs),
  }),
});
process.on('message', () => process.send?.(server.port));
process.send?.('started');
