// A worker that behaves as CREW_DOES says: it dies at once, reports a failure, or runs until it is stopped.
const { CREW_DOES: does } = process.env;

process.on('message', ({ type }) => {
  if (type === 'stop') process.exit(0);
  if (does === 'fail') process.send({ type: 'failed', reason: 'The port is in use.' }, () => process.exit(1));
  if (does === 'run') process.send({ type: 'ready', url: 'http://here' });
});
if (does === 'die') process.exit(3);
process.send({ type: 'connected' });
