import type { Notice, Notify } from './notice.ts';
import { throttleLists } from './throttle-lists.ts';

/** The dependencies of the publisher of live notices. */
export interface PublisherDeps {
  /** Whether notices are published (`EVENT_BROADCAST_ENABLED`). */
  readonly isEnabled: boolean;
  readonly publish: (notices: readonly Notice[]) => Promise<void>;
  readonly log: { warn(detail: object, message: string): void };
}

/**
 * Creates the one publisher of live notices. The broadcast switch and the logging of failures apply to all notices, and
 * the throttle of `list_changed` to all that causes it.
 *
 * Two notices are throttled before they reach it, because the interval saves more than notices there: `log_moved` comes
 * from every event that the dispatcher handles (log-moved.ts), and queue positions are read from the database first
 * (queue-notifier.ts).
 */
export function createPublisher({ isEnabled, publish, log }: PublisherDeps): Notify {
  if (!isEnabled) return () => {};
  return throttleLists((notices) => {
    if (notices.length === 0) return;
    publish(notices).catch((error) => log.warn({ err: error }, 'failed to publish live notices'));
  });
}
