import { describe, expect, it, vi } from 'vitest';
import { RawClient } from '../support/gateway.ts';
import { startTestProduct } from '../support/product.ts';

describe('a subscription signed for a customer', () => {
  it('ends when the token expires, long before the next periodic check of customers', async () => {
    const product = await startTestProduct({ CUSTOMER_TOKEN_MINUTES: '1' });
    try {
      const visitor = await product.visit();
      const client = new RawClient(`${product.url.replace('http', 'ws')}/app/${product.app.key}?protocol=7`);
      const socketId = await client.socketId();
      const channel = `private-session${visitor.sessionId}`;
      const body = { socket_id: socketId, channel_name: channel };
      const { body: signed } = await product.call('POST', '/broadcasting/auth', {
        token: visitor.token,
        body,
      });
      client.subscribe(channel, signed);
      await client.next('pusher_internal:subscription_succeeded');
      // An hour passes instantly.
      vi.setSystemTime(Date.now() + 3_600_000);
      expect((await client.closed).code).toBe(4200);
    } finally {
      vi.useRealTimers();
      await product.stop();
    }
  });
});
