import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { killHard, startProcess } from '../support/processes.ts';

it('a rejected promise that nothing waits for is logged; an uncaught exception is logged and ends the process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mevrik-uncaught-'));
  const file = join(directory, 'log');
  await writeFile(file, '');
  const child = await startProcess(fileURLToPath(new URL('../support/uncaught-worker.ts', import.meta.url)), {
    LOG_FILE: file,
  });
  const logged = async () =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  try {
    child.send('reject');
    await expect.poll(logged).toMatchObject([{ level: 50, err: { message: 'nothing waited for this' } }]);
    const answered = once(child, 'message');
    child.send('ask');
    expect((await answered)[0]).toBe('still here');
    const exited = once(child, 'exit');
    child.send('throw');
    expect(await exited).toEqual([1, null]);
    expect((await logged())[1]).toMatchObject({ level: 60, err: { message: 'nothing caught this' } });
  } finally {
    await killHard(child);
    await rm(directory, { recursive: true });
  }
});
