/** Work took longer than it was allowed to. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Calls back once what has arrived is read, for a timer that decides that something has not come: a process that stood
 * still runs its timers first.
 */
export function onceRead(callback: () => void): void {
  setImmediate(callback);
}

/**
 * Waits for work for some milliseconds; the work itself goes on after that.
 * @throws what the work throws, or a `DeadlineError` with the message.
 */
export async function within<Result>(ms: number, work: Promise<Result>, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => onceRead(() => reject(new DeadlineError(message))), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
