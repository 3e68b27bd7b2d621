// A worker's process that does what its environment says: it dies at once, says why it cannot, or runs until told.
const { CREW_DOES: does } = process.env;

process.on('message', ({ say }) => {
  if (say === 'stop') process.exit(0);
  if (does === 'fail') process.send({ say: 'failed', reason: 'The port is in use.' }, () => process.exit(1));
  if (does === 'run') process.send({ say: 'ready', url: 'http://here' });
});
if (does === 'die') process.exit(3);
process.send({ say: 'here' });
