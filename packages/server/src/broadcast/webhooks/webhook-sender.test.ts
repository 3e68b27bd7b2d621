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
