/** A gateway in its own process that reports its memory: its port first, its heap and objects on request. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startGateway } from './gateway.ts';

/** The report: bytes of the heap after a collection, and the numbers of the gateway's objects. */
export interface Measured {
  readonly port: number;
  readonly heapBytes: number;
  readonly connections: number;
  readonly topics: number;
  readonly loggedErrors: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
// The tests' audit would keep every entry.
const server = await startGateway({ audit: () => {} });

function measure(): Measured {
  // The first collection finalises what the second can free.
  for (let at = 0; at < 2; at += 1) collect();
  const { connections, topics } = server.gateway.inspect();
  const { heapUsed } = process.memoryUsage();
  const { port, loggedErrors } = server;
  return {
    port,
    heapBytes: heapUsed,
    connections,
    topics: topics.length,
    loggedErrors: loggedErrors.length,
  };
}

process.on('message', () => process.send?.(measure()));
process.send?.('started');
