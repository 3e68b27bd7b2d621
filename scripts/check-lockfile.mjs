// After `npm install`: does the root lockfile match what was installed? And is every committed lockfile complete (each
// dependency that a locked package names is locked too, optional ones for other platforms included) and free of
// download addresses? npm versions write different notes about a package, so files are not compared as text.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is wrong with a lockfile on its own: missing dependencies and recorded download addresses. */
function problemsOfLockfile(file, packages) {
  const problems = [];
  for (const [folder, entry] of Object.entries(packages)) {
    if (/^https?:/.test(entry.resolved ?? '')) problems.push(`${file}: ${folder} records a download address`);
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      if (!isLocked(packages, folder, name))
        problems.push(`${file}: ${folder || 'the root'} needs ${name}, which is not locked`);
    }
  }
  return problems;
}

/** Whether a package is found from a folder, as Node resolves it: from there upwards. */
function isLocked(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/'), 0))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

/** How the committed root lockfile differs from the one that `npm install` wrote. */
function differences(file) {
  const committed = packagesOf(
    execFileSync('git', ['show', `HEAD:${file}`], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
  const installed = packagesOf(readFileSync(`${root}${file}`, 'utf8'));
  const problems = [];
  for (const folder of new Set([...Object.keys(committed), ...Object.keys(installed)])) {
    const [before, after] = [committed[folder], installed[folder]];
    if (!before) problems.push(`${file}: ${folder} is missing`);
    else if (!after) problems.push(`${file}: ${folder} is not needed`);
    else if (before.version !== after.version || before.integrity !== after.integrity)
      problems.push(`${file}: ${folder} is locked at ${before.version}, but ${after.version} was installed`);
  }
  return problems;
}

function packagesOf(text) {
  return JSON.parse(text).packages;
}

/** The paths of all committed lockfiles, from the root of the repository. */
function committedLockfiles() {
  const listed = execFileSync('git', ['ls-files', '-z', '*package-lock.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((file) => file !== '');
}

/** Reads a lockfile and checks it on its own. */
function checkLockfile(file) {
  return problemsOfLockfile(file, packagesOf(readFileSync(`${root}${file}`, 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = [...differences('package-lock.json'), ...committedLockfiles().flatMap(checkLockfile)];
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
