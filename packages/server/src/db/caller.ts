import { AsyncLocalStorage } from 'node:async_hooks';

const callers = new AsyncLocalStorage<AbortSignal>();

/** Runs work for a caller who may go away: `gone` ends what is read for them on pools that stop for lost callers. */
export function workFor<Result>(gone: AbortSignal, work: () => Result): Result {
  return callers.run(gone, work);
}

/** Aborted when the caller, for whom this runs, has gone; `undefined` if the work does not depend on one. */
export function goneCaller(): AbortSignal | undefined {
  return callers.getStore();
}

/** Thrown to work whose caller has gone: the result is not read. */
export class CallerGoneError extends Error {
  override readonly name = 'CallerGoneError';
}
