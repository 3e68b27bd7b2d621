/** Whether pages of one browser can take turns: on pages without TLS they cannot. */
export const hasBrowserLocks = 'locks' in navigator;

/** Does something while no other page of the browser does it; without turns to take, at once. */
export function withBrowserLock<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  return hasBrowserLocks ? navigator.locks.request(what, work) : work();
}
