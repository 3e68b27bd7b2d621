import { url as debuggerUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';

/** How often the event loop shows that it turns, and how often that is checked, in milliseconds. */
const beatMs = 250;

/**
 * Kills this process when its event loop has not turned for so long, as in an endless loop: it would keep its clients, and
 * other processes that take over its work would end in the same loop. A thread of its own counts, so that nothing is
 * counted while the whole process is suspended.
 */
export function killWhenHung(limitMs: number): void {
  // A breakpoint stops the event loop as well.
  if (debuggerUrl() !== undefined) return;
  const beats = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.add(beats, 0, 1), beatMs).unref();
  const options = { eval: true, execArgv: [], workerData: { beats, limitMs, everyMs: beatMs * 2 } };
  new Worker(watcher, options).unref();
}

/** Runs in the thread. A thread cannot end its process, except by a signal. */
const watcher = `
  const { writeSync } = require('node:fs');
  const { beats, limitMs, everyMs } = require('node:worker_threads').workerData;
  let seen = -1;
  let missedMs = 0;
  setInterval(() => {
    const beat = Atomics.load(beats, 0);
    missedMs = beat === seen ? missedMs + everyMs : 0;
    seen = beat;
    if (missedMs < limitMs) return;
    writeSync(2, 'This process has hung for ' + limitMs / 1000 + ' s, as in an endless loop. It is killed.\\n');
    process.kill(process.pid, 'SIGKILL');
  }, everyMs);`;
