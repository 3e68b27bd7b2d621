import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelFiles } from '../channels/channel.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { Notify } from '../live/notice.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Alarm } from './alarm.ts';

/** The dependencies of sending. */
export interface DeliveryDeps {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly files: ChannelFiles;
  /** Publishes notices to connected screens; call it from `afterCommit`. */
  readonly notify: Notify;
  /** Wakes conversations on time, where the job queue's polling would be late. */
  readonly alarm: Pick<Alarm, 'set'>;
  /** Counts an attempt by the kind of channel and its outcome. */
  readonly countAttempt: (kind: string, outcome: string) => void;
  readonly log: {
    debug(detail: object, message: string): void;
    info(detail: object, message: string): void;
    warn(detail: object, message: string): void;
  };
  /** Aborted when this process is stopping: finish the current part and claim no more. */
  readonly stopping: AbortSignal;
}
