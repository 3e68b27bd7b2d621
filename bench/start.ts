// How long a start takes on the embedded database, from the process to the line that says it runs.
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
