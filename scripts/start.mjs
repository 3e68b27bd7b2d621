// `npm start`: builds what is out of date, then runs the server in this process, so that it receives the signals.
import { buildIfStale } from './build.mjs';

await buildIfStale();
await import('../packages/server/dist/main.js');
