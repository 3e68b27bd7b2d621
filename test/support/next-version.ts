import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyMigrations, defaultFolder } from '../../packages/server/src/db/migrate.ts';

/** A folder with our migrations and more files after them, as a next version has them. */
export async function nextVersion(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await copyMigrations(defaultFolder(), Number.MAX_SAFE_INTEGER);
  const path = join(folder, 'meta/_journal.json');
  const journal = JSON.parse(await readFile(path, 'utf8'));
  for (const [tag, sql] of Object.entries(files)) {
    const { idx, when } = journal.entries.at(-1);
    journal.entries.push({ ...journal.entries.at(-1), idx: idx + 1, when: when + 1, tag });
    await writeFile(join(folder, `${tag}.sql`), sql);
  }
  await writeFile(path, JSON.stringify(journal));
  return folder;
}
