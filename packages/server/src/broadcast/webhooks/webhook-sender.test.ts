import { afterEach, expect, it, vi } from 'vitest';
import { Traffic } from '../bus/rate-meter.ts';
import { type GatewayConfig, gatewayDefaults } from '../gateway-config.ts';
import { type GatewayApp, realtimeDefaults } from '../gateway-deps.ts';
import { WebhookSender } from './webhook-sender.ts';

afterEach(() => vi.unstubAllGlobals());

const app: GatewayApp = {
  id: 1,
  key: 'acme',
  secret: 'acme-secret',
  enabled: true,
  settings: { realtime: realtimeDefaults },
};
const config: GatewayConfig = { ...gatewayDefaults, webhookGatherMs: 1 };
const log = { info() {}, warn() {}, error() {} };

it.each(Array.from({ length: 12 }, (_, turns) => turns))(
  'sends an event that arrives %i microtasks after the last one was dequeued',
  async (turns) => {
    const sent: string[] = [];
    const sender = new WebhookSender(log, new Traffic(), config);
    const post = (channel: string) =>
      sender.post(app, 'http://back.example', { name: 'channel_occupied', channel });
    const postLate = async () => {
      for (let scheduler = 0; scheduler < turns; scheduler += 1) await Promise.resolve();
      post('late');
    };
    vi.stubGlobal('fetch', async (_url: string, { body }: { body: string }) => {
      const { events } = JSON.parse(body) as { events: { channel: string }[] };
      sent.push(...events.map(({ channel }) => channel));
      if (sent.length === 1) void postLate();
      return new Response(null, { status: 200 });
    });
    post('first');
    await expect.poll(() => sent).toEqual(['first', 'late']);
  },
);

it('tries a dead endpoint less and less often, also for later events, until it answers again', async () => {
  const pauses: number[] = [];
  const record = async (ms: number) => void pauses.push(ms);
  const once = { ...config, webhookGatherMs: 0, webhookPauseMs: 100, webhookGiveUpMs: 0 };
  const traffic = new Traffic();
  const sender = new WebhookSender(log, traffic, once, record);
  let status = 503;
  vi.stubGlobal('fetch', async () => new Response(null, { status }));
  const post = (count: number) => {
    for (let event = 0; event < count; event++) {
      sender.post(app, 'http://back.example', { name: 'channel_occupied', channel: `channel${event}` });
    }
  };
  const webhooks = traffic.of(app.id).webhooks;
  post(600);
  await expect.poll(() => webhooks.failed).toBe(600);
  const waits = pauses.filter((ms) => ms > 0);
  expect(waits).toHaveLength(12);
  expect(waits[0]).toBeLessThanOrEqual(100);
  // It had grown to a minute, less a random share.
  expect(waits.at(-1)).toBeGreaterThanOrEqual(30_000);

  status = 200;
  post(50);
  await expect.poll(() => webhooks.sent).toBe(50);
  status = 503;
  pauses.length = 0;
  post(50);
  await expect.poll(() => webhooks.failed).toBe(650);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(100);
});
