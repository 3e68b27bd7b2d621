// `npm start`: builds what is out of date, then runs the server in this very process, so that signals reach it.
import { buildIfStale } from './build.mjs';

await buildIfStale();
await import('../packages/server/dist/main.js');
