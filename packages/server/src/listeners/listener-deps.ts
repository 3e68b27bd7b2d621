import type { EventName } from '@mevrik/protocol';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { QueuedListener } from '../dispatch/listener.ts';
import { queued } from '../dispatch/listener.ts';
import type { Notify } from '../live/notice.ts';

/** The dependencies of listeners. */
export interface ListenerDeps {
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  /** Publishes live notices; call it from `afterCommit`. */
  readonly notify: Notify;
  /** Reports that positions in a queue may have changed; call it from `afterCommit`. */
  readonly queueChanged: (appId: number, queue: string) => void;
  /** Counts a webhook event by its outcome. */
  readonly countWebhookEvent: (provider: string, outcome: string) => void;
  readonly log: { info(detail: object, message: string): void };
}

/** Defines a queued listener with the product's dependencies. */
export function listener<Name extends EventName>(
  definition: Parameters<typeof queued<ListenerDeps, Name>>[0],
): QueuedListener<ListenerDeps, Name> {
  return queued(definition);
}
