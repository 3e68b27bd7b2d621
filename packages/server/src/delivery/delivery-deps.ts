import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelServices } from '../channels/channel.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Alarm } from './alarm.ts';

/** A message for those who look at a screen right now: it is not stored and may be missed. */
export interface DeliveryNotice {
  readonly appId: number;
  readonly topic: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
}

/** What sending is composed with. */
export interface DeliveryDeps {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly services: ChannelServices;
  /** Tells whoever is connected; call it from `afterCommit`. */
  readonly notify: (notices: readonly DeliveryNotice[]) => void;
  /** Wakes conversations at their time, where the queue would be late. */
  readonly alarm: Pick<Alarm, 'set'>;
  /** Counts an attempt at a channel of a kind by what came of it. */
  readonly countAttempt: (kind: string, outcome: string) => void;
  readonly log: {
    info(detail: object, message: string): void;
    warn(detail: object, message: string): void;
  };
  /** Aborted when this process is about to stop: what is under way ends, and nothing further is taken up. */
  readonly stopping: AbortSignal;
}
