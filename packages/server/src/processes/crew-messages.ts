import cluster from 'node:cluster';
import type { DatabaseTarget } from '../db/database-target.ts';

/** A message from the primary to a worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly target: DatabaseTarget }
  | { readonly type: 'stop' };

/** A message from a worker to the primary. */
export type FromWorker =
  /** The worker has connected to the primary. */
  | { readonly type: 'connected' }
  /** The worker accepts requests. */
  | { readonly type: 'ready'; readonly url: string }
  /** The worker could not start, for a reason that an operator can fix. */
  | { readonly type: 'failed'; readonly reason: string };

/** The environment variable that marks a process as a worker; other code may fork processes too. */
export const workerMark = 'MEVRIK_WORKER';

/** Whether this process was started as a worker. */
export function isWorker(): boolean {
  return cluster.isWorker && process.env[workerMark] === '1';
}

/** The file descriptor of a worker's stream to the broker; number 3 is Node's IPC channel. */
export const brokerFd = 4;

/** The workers cannot be kept running; the message is meant for operators. */
export class WorkersFailedError extends Error {
  override readonly name = 'WorkersFailedError';
}
