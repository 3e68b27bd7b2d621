// The duration of a start on the embedded database, from spawning the process to the line that reports the URL.
import { dataFolder, startServer } from './own-server.ts';

const folder = await dataFolder();
const times: number[] = [];
for (let start = 0; start < 4; start++) {
  const begun = performance.now();
  const server = await startServer({ DATA_DIR: folder.path });
  times.push(performance.now() - begun);
  await server.stop();
}
await folder.remove();
const [first, ...again] = times;
console.log(JSON.stringify({ first, again: again.sort((a, b) => a - b)[1] }));
