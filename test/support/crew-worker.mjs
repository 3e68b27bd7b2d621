// A worker that behaves as CREW_DOES says: it dies at once, reports a failure, listens, or runs until it is stopped.
import { createServer } from 'node:net';

const { CREW_DOES: does } = process.env;

process.on('message', ({ type }) => {
  if (type === 'stop') process.exit(0);
  if (does === 'fail') process.send({ type: 'failed', reason: 'The port is in use.' }, () => process.exit(1));
  if (does === 'run') process.send({ type: 'ready', url: 'http://here' });
});
if (does === 'die') process.exit(3);
if (does === 'listen') {
  const server = createServer().listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}
process.send({ type: 'connected' });
