import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchApp } from './bench-app.ts';
import type { Dialect } from './messages.ts';
import { Worker } from './worker.ts';

/** A product whose server is measured. */
export interface Peer {
  readonly name: string;
  readonly dialect: Dialect;
  /** How messages can be triggered. */
  readonly triggers: readonly ('inside' | 'http')[];
  /** Starts the server on a core of its own. */
  start(): Promise<RunningServer>;
}

/** A running server. */
export interface RunningServer {
  readonly worker: Worker;
  readonly port: number;
}

/** The core of the server that is measured, or the first of them. */
const serverCore = 0;
/** The path of a compiled file, relative to this one. */
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** `SERVER_FLAGS=--cpu-prof` profiles the servers. */
const nodeFlags = ['--expose-gc', ...(process.env.SERVER_FLAGS?.split(' ') ?? [])];

/** All peers, ours first. */
export const peers: readonly Peer[] = [
  own('Mevrik', 'pusher', ['inside', 'http'], './servers/mevrik.js'),
  own('Socket.IO', 'socket.io', ['inside'], './servers/socket-io.js'),
  { name: 'soketi', dialect: 'pusher', triggers: ['http'], start: startSoketi },
  own('uWebSockets.js', 'pusher', ['inside'], './servers/uwebsockets.js'),
  own('ws', 'pusher', ['inside'], './servers/plain-ws.js'),
];

/** The peers that can use several cores; ours is the whole product. */
export const clustered = (workers: number): readonly Peer[] => [
  own('Mevrik', 'pusher', ['http'], './servers/product.js', workers),
  own('Socket.IO', 'socket.io', ['inside'], './servers/socket-io-cluster.js', workers),
];

function own(name: string, dialect: Dialect, triggers: Peer['triggers'], script: string, workers = 1): Peer {
  return {
    name,
    dialect,
    triggers,
    async start() {
      const cores = Array.from({ length: workers }, (_, n) => serverCore + n);
      const worker = new Worker([...nodeFlags, file(script), String(workers)], cores);
      const { port } = await worker.next('listening', 60_000);
      return { worker, port };
    },
  };
}

/** Its defaults, except that it listens only locally and does not limit the app's connections. */
async function startSoketi(): Promise<RunningServer> {
  const [port, clusterPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'bench-soketi-'));
  const config = {
    host: '127.0.0.1',
    port,
    'cluster.hostname': '127.0.0.1',
    'cluster.port': clusterPort,
    'cluster.unicast': '127.0.0.1',
    'metrics.host': '127.0.0.1',
    'appManager.array.apps': [{ ...benchApp, id: String(benchApp.id), enabled: true, maxConnections: -1 }],
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const worker = new Worker(
    [
      ...nodeFlags,
      '--require',
      file('../servers/soketi-preload.cjs'),
      file('../node_modules/@soketi/soketi/bin/server.js'),
      'start',
      `--config=${join(folder, 'config.json')}`,
    ],
    [serverCore],
  );
  await reachable(port);
  rmSync(folder, { recursive: true });
  return { worker, port };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (!address || typeof address === 'string') throw new Error('No port.');
  return address.port;
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Not listening yet.
    const found = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (found) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The server did not start.');
}
