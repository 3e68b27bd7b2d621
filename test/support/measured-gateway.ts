/** A gateway in a process of its own that tells what it holds: its port at first, its heap and objects when asked. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startGateway } from './gateway.ts';

/** What the process tells: bytes of the heap after a collection, and what the gateway knows of. */
export interface Measured {
  readonly port: number;
  readonly heapBytes: number;
  readonly connections: number;
  readonly channels: number;
  readonly faults: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
// The audit of tests remembers everything.
const server = await startGateway({ audit: () => {} });

function measure(): Measured {
  // The first one ends what the second one can then take.
  for (let at = 0; at < 2; at += 1) collect();
  const { connections, channels } = server.gateway.inspect();
  const { heapUsed } = process.memoryUsage();
  const { port, faults } = server;
  return { port, heapBytes: heapUsed, connections, channels: channels.length, faults: faults.length };
}

process.on('message', () => process.send?.(measure()));
process.send?.('started');
