// Loaded into each process of a node before anything else: its clock is ahead of the machine's, or behind, by the
// milliseconds in the file CHAOS_CLOCK, which may change at any time. Timers are not affected, as with a real clock.
import { readFileSync } from 'node:fs';

const MachineDate = Date;
let aheadMs = 0;

function readFile() {
  const text = readFileSync(process.env.CHAOS_CLOCK, 'utf8');
  // While it is written, it is empty for a moment.
  if (text !== '') aheadMs = Number(text);
}

const machineNow = Date.now;
const now = () => machineNow() + aheadMs;
MachineDate.now = now;
globalThis.Date = new Proxy(MachineDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new MachineDate(now()).toString(),
});
readFile();
setInterval(readFile, 50).unref();
