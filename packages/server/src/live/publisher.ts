import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';
import type { HttpDependencies } from '../http/http-dependencies.ts';

/** Tells whoever looks at a screen right now. It is not stored, not waited for, and may be missed. */
export function notifier({
  gateway,
  log,
}: Pick<HttpDependencies, 'gateway' | 'log'>): (messages: readonly BroadcastMessage[]) => void {
  return (messages) => {
    gateway.publish(messages).catch((error) => log.warn({ reason: String(error) }, 'a notice was not sent'));
  };
}
