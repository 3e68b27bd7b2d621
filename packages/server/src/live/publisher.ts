import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';
import type { HttpDeps } from '../http/http-deps.ts';

/** Tells whoever looks at a screen right now. It is not stored, not waited for, and may be missed. */
export function notifier({
  gateway,
  log,
}: Pick<HttpDeps, 'gateway' | 'log'>): (messages: readonly BroadcastMessage[]) => void {
  return (messages) => {
    gateway.publish(messages).catch((error) => log.warn({ reason: String(error) }, 'a notice was not sent'));
  };
}
