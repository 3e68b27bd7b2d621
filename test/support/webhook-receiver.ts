import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import PusherBackEnd from 'pusher';
import { acme } from './gateway.ts';

/** An event of a webhook. */
export type WebhookEvent = { readonly name: string; readonly channel: string } & Readonly<
  Record<string, unknown>
>;

/** An app's back end that receives webhooks with Pusher's own library. */
export interface WebhookReceiver {
  readonly url: string;
  /** Correctly signed events, in the order of arrival. */
  readonly events: WebhookEvent[];
  /** The number of events in each request. */
  readonly requests: number[];
  readonly headers: IncomingHttpHeaders[];
  /** The status codes of the next responses, before 200 again. `0`: the connection is cut. */
  readonly answers: number[];
  /** Requests wait for this before they are answered. */
  held: Promise<void>;
  /** The number of requests with an invalid signature. */
  refused: number;
  /** The events of a channel in short form: `occupied`, `added ann`. */
  of(channel: string): string[];
  stop(): Promise<void>;
}

/** Starts a receiver for the app `acme`. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const library = new PusherBackEnd({ appId: '1', key: acme.key, secret: acme.secret, host: '127.0.0.1' });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const rawBody = Buffer.concat(chunks).toString();
    receiver.headers.push(request.headers);
    await receiver.held;
    const answer = receiver.answers.shift() ?? 200;
    if (answer === 0) {
      request.socket.destroy();
      return;
    }
    if (answer === 200) {
      const webhook = library.webhook({ headers: { ...request.headers }, rawBody });
      if (!webhook.isValid()) receiver.refused += 1;
      else receiver.events.push(...(webhook.getEvents() as unknown as WebhookEvent[]));
      receiver.requests.push(JSON.parse(rawBody).events.length);
    }
    const headers = answer === 302 ? { location: '/elsewhere' } : {};
    response.writeHead(answer, headers).end('thank you');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/webhooks`,
    events: [],
    requests: [],
    headers: [],
    answers: [],
    held: Promise.resolve(),
    refused: 0,
    of: (channel) =>
      receiver.events
        .filter((event) => event.channel === channel && event.name !== 'subscription_count')
        .map(({ name, user_id }) =>
          [name.replace(/^(channel|member)_/, ''), user_id].filter(Boolean).join(' '),
        ),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}
