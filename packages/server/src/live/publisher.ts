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
 * Creates the one publisher of live notices. The broadcast switch, the throttling of `list_changed` and the logging of
 * failures apply to all notices.
 */
export function createPublisher({ isEnabled, publish, log }: PublisherDeps): Notify {
  if (!isEnabled) return () => {};
  return throttleLists((notices) => {
    if (notices.length === 0) return;
    publish(notices).catch((error) => log.warn({ err: error }, 'failed to publish live notices'));
  });
}
