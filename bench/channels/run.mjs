// `npm run bench:channels`: measures incoming webhook events, and writes results.md.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../scripts/build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 5);
await buildIfStale();
const output = execFileSync(
  'npx',
  ['tsx', '--conditions=@mevrik/source', `${here}webhook-events.ts`, String(rounds)],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
);
const measured = JSON.parse(output.trim().split('\n').at(-1));
console.log(JSON.stringify(measured));
writeFileSync(`${here}results.md`, report(measured));
console.log('Written: bench/channels/results.md');

function report({ eventCount, together, singly, answer, answerWorst }) {
  const whole = (number) => Math.round(number).toLocaleString('en');
  const row = (name, { accepted, stored }) =>
    `| ${name} | ${whole(accepted)} (${(accepted / singly.accepted).toFixed(1)}×) | ${whole(stored)} (${(stored / singly.stored).toFixed(1)}×) |`;
  return `# Incoming webhook events, measured

${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, by \`npm run bench:channels\`; server, database and load on one machine${process.env.NOTE ? `; ${process.env.NOTE}` : ''}.

A signed Messenger request with ${whole(eventCount)} messages of ${whole(eventCount)} customers is answered after ${whole(answer)} ms, when all of them are on disk (\`fsync\`); the slowest of ${rounds} after ${whole(answerWorst)} ms.

Messages per second, median of ${rounds} rounds, alternating on the same server; in parentheses, the ratio to one message per request. *Accepted*: until the last request is answered with 200, which means it is on disk. *Stored*: until the last message is in its conversation.

| | accepted | stored |
|---|---|---|
${row(`${whole(eventCount)} in one request`, together)}
${row(`${whole(eventCount)} requests with one message each, 32 at a time`, singly)}
`;
}
