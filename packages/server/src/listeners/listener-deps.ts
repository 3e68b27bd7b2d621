import type { EventName } from '@mevrik/protocol';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { QueuedListener } from '../dispatch/listener.ts';
import { queued } from '../dispatch/listener.ts';

/** A message for those who look at a screen right now: it is not stored and may be missed. */
export interface LiveNotice {
  readonly appId: number;
  readonly topic: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
}

/** The dependencies of listeners. */
export interface ListenerDeps {
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  /** Tells whoever is connected; call it from `afterCommit`. */
  readonly notify: (notices: readonly LiveNotice[]) => void;
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
