/** Whether the Web Locks API is available; it is missing on pages without TLS. */
export const hasBrowserLocks = 'locks' in navigator;

/** Runs work while no other tab runs it; without Web Locks, immediately. */
export function withBrowserLock<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  return hasBrowserLocks ? navigator.locks.request(what, work) : work();
}
