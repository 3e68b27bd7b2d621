// `npm run bench`: measures the product beside its alternatives, and writes results.md. Needs redis-server on PATH.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../scripts/build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 3);

if (!existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
}
await buildIfStale();

const messages = medians(repeat('messages.ts'));
process.env.NODES = '2';
const together = measure('messages.ts');
delete process.env.NODES;
console.log(JSON.stringify({ messages, together }));
const start = measure('start.ts');
console.log(JSON.stringify(start));
const contestants = [['mevrik'], ['bullmq', 'no'], ['bullmq', 'everysec'], ['graphile-worker']];
const results = new Map();
// Round by round, so that other load on the machine affects all contestants alike.
for (let round = 1; round <= rounds; round++) {
  for (const [peer, ...args] of contestants) {
    const result = measure(`peers/${peer}.ts`, ...args);
    console.log(round, JSON.stringify(result));
    results.set(result.name, [...(results.get(result.name) ?? []), result]);
  }
}
const listeners = [...results].map(([name, all]) => ({ name, ...medians(all) }));
writeFileSync(`${here}results.md`, report());
console.log('Written: bench/results.md');

function measure(file, ...args) {
  // Flush the previous run's writes, so that they do not slow down this run.
  execFileSync('sync');
  const output = execFileSync('npx', ['tsx', '--conditions=@mevrik/source', `${here}${file}`, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1));
}

function repeat(file) {
  return Array.from({ length: rounds }, () => measure(file));
}

/** The median of each number, nested ones included. */
function medians(all) {
  const names = Object.keys(all[0]).filter((name) => name !== 'name');
  return Object.fromEntries(
    names.map((name) => {
      const values = all.map((result) => result[name]);
      if (typeof values[0] === 'object') return [name, medians(values)];
      return [name, values.sort((a, b) => a - b)[Math.floor(values.length / 2)]];
    }),
  );
}

function report() {
  const [own] = listeners;
  const whole = (number) => Math.round(number).toLocaleString('en');
  const times = (value, of) => `${whole(of)}${value === of ? '' : ` (${(value / of).toFixed(1)}×)`}`;
  const rows = listeners.map(
    (one) =>
      `| ${one.name} | ${times(own.backlog, one.backlog)} | ${times(own.inBulk, one.inBulk)} | ${times(own.oneByOne, one.oneByOne)} | ${one.idleP50.toFixed(1)} / ${one.idleP99.toFixed(1)} ms |`,
  );
  const timesOf = (name, { receivedP50, receivedP99, repliedP50, repliedP99 }) =>
    `| ${name} | ${[receivedP50, receivedP99, repliedP50, repliedP99].map((ms) => `${ms.toFixed(1)} ms`).join(' | ')} |`;
  return `# Measured

${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, by \`npm run bench\`; everything on one machine, including the load generator.

## Events through a no-op listener

Events per second, median of ${rounds} rounds; in parentheses, how many times faster Mevrik is. *Backlog*: all events are stored before handling starts. *In bulk*: 8 writers add 200 events at a time while they are handled. *One by one*: 64 writers add single events while they are handled. *Idle*: time from adding to handling, p50 / p99.

| | backlog | in bulk | one by one | idle |
|---|---|---|---|---|
${rows.join('\n')}

Mevrik commits each event with \`fsync\`, keeps the order per key, and moves its checkpoint in the listener's transaction. BullMQ's Redis writes nothing to disk (\`no\`) or can lose up to a second (\`everysec\`), and neither BullMQ nor graphile-worker keeps an order.

## Message in → stored → handled → broadcast

${whole(messages.messages)} messages per second, which raise ${whole(messages.events)} events per second: visitors write over HTTP and receive their own message and the bot's reply over WebSocket; one server process with default settings on the embedded database; median of ${rounds} rounds. Two processes over PostgreSQL and Redis, on the same cores: ${whole(together.messages)} messages, ${whole(together.events)} events per second.

| | own message received, p50 | p99 | bot's reply received, p50 | p99 |
|---|---|---|---|---|
${timesOf('idle (20 messages per second)', messages.idle)}
${timesOf('half the rate above', messages.half)}
${timesOf('maximum rate', messages.full)}

## Start

First start on the embedded database ${(start.first / 1000).toFixed(1)} s, later starts ${(start.again / 1000).toFixed(1)} s.
`;
}
