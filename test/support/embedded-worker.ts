import { startEmbedded } from '../../packages/server/src/db/embedded.ts';

/** Runs the embedded database of a data directory until the standard input ends. */
const [, , dataDir = ''] = process.argv;
const database = await startEmbedded({ dataDir, log: { info() {}, warn() {} } });
console.log(JSON.stringify({ connection: database.connection, postmaster: database.pid }));
process.stdin.resume().on('end', () => database.stop());
