import { setTimeout as delay } from 'node:timers/promises';
import { onceRead } from '../domain/deadline.ts';
import type { Api } from './http-deps.ts';

/** Clients without a request for this long are idle: a connection of theirs is not closed while they send one. */
const quietMs = 250;
/** The longest wait for clients to be idle. */
const maxDrainMs = 1_000;

/**
 * Lets clients leave before the server closes: closing a kept-alive connection while its client sends the next request
 * would cost that request. From the start of the drain each response closes its connection, which clients heed; new
 * connections are served meanwhile.
 *
 * @returns starts the drain, and resolves once no requests come any more, or after a second.
 */
export function addDrain(api: Api): () => Promise<void> {
  let isDraining = false;
  let lastRequestAt = Number.NEGATIVE_INFINITY;
  api.addHook('onRequest', async () => {
    lastRequestAt = performance.now();
  });
  api.addHook('onSend', async (_request, reply) => {
    if (isDraining) reply.header('connection', 'close');
  });
  return async () => {
    isDraining = true;
    const endsAt = performance.now() + maxDrainMs;
    const quietInMs = () => Math.min(lastRequestAt + quietMs, endsAt) - performance.now();
    for (let ms = quietInMs(); ms > 0; ms = quietInMs()) {
      await delay(ms);
      await new Promise<void>(onceRead);
    }
  };
}
