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

/** What our listeners are composed with. */
export interface ListenerDeps {
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  /** Tells whoever is connected; call it from `afterCommit`. */
  readonly notify: (notices: readonly LiveNotice[]) => void;
  /** Who waits in a queue may have come nearer; call it from `afterCommit`. */
  readonly queueChanged: (appId: number, queue: string) => void;
  /** Counts an update of a provider by what was made of it. */
  readonly countWebhookEvent: (provider: string, outcome: string) => void;
  readonly log: { info(detail: object, message: string): void };
}

/** Defines one of our queued listeners. */
export function listener<Name extends EventName>(
  definition: Parameters<typeof queued<ListenerDeps, Name>>[0],
): QueuedListener<ListenerDeps, Name> {
  return queued(definition);
}
