import type { DatabaseTarget } from '../db/database.ts';

/** What the primary says to a worker. */
export type ToWorker = { readonly say: 'begin'; readonly target: DatabaseTarget } | { readonly say: 'stop' };

/** What a worker says to the primary. */
export type FromWorker =
  /** It listens to the primary now. */
  | { readonly say: 'here' }
  /** It takes requests. */
  | { readonly say: 'ready'; readonly url: string }
  /** It could not start; the reason is something that people can put right. */
  | { readonly say: 'failed'; readonly reason: string };

/** The variable that marks a process as one of our workers: others fork, too. */
export const workerMark = 'MEVRIK_WORKER';

/** The file descriptor of a worker's stream to the broker; the one before is Node's own. */
export const brokerFd = 4;

/** The workers cannot be kept running; its message is for people. */
export class WorkersFailedError extends Error {
  override readonly name = 'WorkersFailedError';
}
