// Loaded into each process of a node before anything else. Its clock is ahead of the machine's, or behind, by the
// milliseconds in the file CHAOS_CLOCK; timers are not affected, as with a real clock. Its disks are full while there is
// text in the file CHAOS_DISK. Both may change at any time.
import { readFileSync } from 'node:fs';
import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const MachineDate = Date;
let aheadMs = 0;

function readClock() {
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
readClock();
setInterval(readClock, 50).unref();

const machineStatfs = fileSystem.statfs;
fileSystem.statfs = async (...given) => {
  const found = await machineStatfs(...given);
  if (readFileSync(process.env.CHAOS_DISK, 'utf8') !== '') found.bavail = 0;
  return found;
};
syncBuiltinESMExports();
