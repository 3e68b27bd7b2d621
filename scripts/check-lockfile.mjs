// After `npm install`: does the committed lockfile name all that was installed, and no place to download it from?
// Versions of npm write different notes about a package beside that, so the file is not compared as text.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const file = 'package-lock.json';
const packagesOf = (text) => JSON.parse(text).packages;
const committed = packagesOf(
  execFileSync('git', ['show', `HEAD:${file}`], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
);
const installed = packagesOf(readFileSync(file, 'utf8'));

const faults = [];
for (const place of new Set([...Object.keys(committed), ...Object.keys(installed)])) {
  const [before, after] = [committed[place], installed[place]];
  if (!before) faults.push(`${place} is missing`);
  else if (!after) faults.push(`${place} is not needed`);
  else if (before.version !== after.version || before.integrity !== after.integrity)
    faults.push(`${place} is ${before.version} there, and ${after.version} was installed`);
  if (/^https?:/.test(before?.resolved ?? '')) faults.push(`${place} records where it was downloaded from`);
}
for (const fault of faults) console.error(`${file}: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
