// Loaded into soketi's process: collects garbage on request.
process.on('message', (message) => {
  if (message.do !== 'collect garbage') return;
  global.gc();
  setTimeout(() => {
    global.gc();
    const { heapUsed, external } = process.memoryUsage();
    process.send({ is: 'collected', heapUsed, external });
  }, 200);
});
process.on('disconnect', () => process.exit());
