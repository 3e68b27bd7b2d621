import type { Worker } from 'node:cluster';

/** A connection on its way from the primary to a worker, as Node's cluster module sends it. */
interface Handed {
  close(): void;
}

interface ClusterMessage {
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

/**
 * Closes the connections that were handed to a worker which died before it had accepted them. Node's cluster module waits
 * for the worker's answer without end: their clients would get neither a response nor a reset, and the primary would keep
 * the sockets. It has no interface for this; the messages are those of `lib/internal/cluster` in Node 20 to 24.
 */
export function closeLostConnections(worker: Worker): void {
  const handed = new Map<unknown, Handed>();
  const child = worker.process;
  const send = child.send.bind(child) as (...args: readonly unknown[]) => boolean;
  child.send = (...args: readonly unknown[]) => {
    const [message, handle] = args as [ClusterMessage, Handed | undefined];
    if (message.act === 'newconn' && handle) handed.set(message.seq, handle);
    return send(...args);
  };
  child.on('internalMessage', ({ ack }: ClusterMessage) => handed.delete(ack));
  worker.once('exit', () => {
    for (const handle of handed.values()) handle.close();
    handed.clear();
  });
}
