import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createMeasurements } from './measured.ts';
import { clustered, type Peer, peers } from './peers.ts';
import { report } from './report.ts';
import {
  connectionRate,
  fanOut,
  idleMemory,
  manyChannels,
  manySubscribers,
  type Statistics,
  severalCores,
} from './scenarios.ts';

/** Measured in every round. Memory hardly varies between rounds, so it is measured once. */
const inRounds = { fanOut, manySubscribers, connectionRate };
const once = { idleMemory, manyChannels };
const inWorkers = [1, Math.max(2, Math.floor(availableParallelism() / 2))];
const rounds = Number(process.env.ROUNDS ?? 3);
/** `run.mjs fanOut Mevrik` runs only that scenario and peer, and writes no results. */
const [onlyScenario, onlyPeer] = process.argv.slice(2);

const { add, measured } = createMeasurements();
// Peer by peer in each round, so that other load on the machine affects all alike.
for (let round = 1; round <= rounds; round++) {
  for (const [name, run] of Object.entries(round === 1 ? { ...inRounds, ...once } : inRounds)) {
    for (const peer of peers) await take(round, name, peer, run);
  }
  for (const workers of inWorkers) {
    const run = (peer: Peer) => severalCores(peer, workers);
    for (const peer of clustered(workers)) await take(round, `severalCores${workers}`, peer, run);
  }
}
const text = report(measured, { rounds, inWorkers });
console.log(text);
if (!onlyScenario) {
  writeFileSync(fileURLToPath(new URL('../results.md', import.meta.url)), text);
  console.log('Written: bench/gateway/results.md');
}

/** Runs a scenario with a peer, if it is selected; the results name a round that failed. */
async function take(round: number, name: string, peer: Peer, run: (peer: Peer) => Promise<Statistics>) {
  if (onlyScenario && onlyScenario !== name) return;
  if (onlyPeer && onlyPeer !== peer.name) return;
  const statistics = await run(peer).catch((error: unknown) => {
    console.log(`${peer.name} failed at ${name}: ${String(error)}`);
    return { failed: 1 };
  });
  console.log(round, name, peer.name, JSON.stringify(statistics, rounded));
  add(name, peer.name, statistics);
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
