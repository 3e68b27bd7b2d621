import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { Crew } from '../../packages/server/src/processes/crew.ts';
import { closeLostConnections } from '../../packages/server/src/processes/lost-connections.ts';

const target = { url: 'postgres://nowhere' };
const log = createLog('silent', false);

let crew: Crew;
let forked: Worker[];
let failures: string[];

function useWorkerFile(): void {
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('../support/crew-worker.mjs', import.meta.url)),
    args: [],
    execArgv: [],
  });
}

/** A crew whose workers behave in these ways, one after another; further workers behave like the last. */
function crewOf(count: number, ...does: string[]): Crew {
  useWorkerFile();
  forked = [];
  failures = [];
  crew = new Crew({
    count,
    target,
    log,
    onFailed: (error) => failures.push(error.message),
    fork: () => {
      const worker = cluster.fork({ CREW_DOES: does[forked.length] ?? does.at(-1) });
      forked.push(worker);
      return worker;
    },
  });
  return crew;
}

describe('a crew', () => {
  afterEach(() => crew.stop());

  it('starts when all workers are ready, and replaces exited ones until it is stopped', async () => {
    expect(await crewOf(2, 'run').start()).toBe('http://here');
    expect(forked).toHaveLength(2);
    forked[0]?.process.kill('SIGKILL');
    await expect.poll(() => forked.length).toBe(3);
    await crew.stop();
    expect(forked.map((worker) => worker.isDead())).toEqual([true, true, true]);
    expect(failures).toEqual([]);
  });

  it('starts even if some workers exit before they are ready', async () => {
    expect(await crewOf(2, 'die', 'run', 'die', 'run').start()).toBe('http://here');
    expect(forked).toHaveLength(4);
  });

  it('gives up when a worker exits five times before it is ready', async () => {
    await expect(crewOf(1, 'die').start()).rejects.toThrow('5 times within 60 s');
    expect(forked).toHaveLength(5);
  });

  it('gives up immediately when a worker reports that it cannot start', async () => {
    await expect(crewOf(3, 'run', 'fail').start()).rejects.toThrow('The port is in use.');
    await crew.stop();
    expect(forked).toHaveLength(3);
    expect(forked.every((worker) => worker.isDead())).toBe(true);
  });

  it('that has started keeps running as long as one worker does', async () => {
    await crewOf(2, 'run', 'run', 'die', 'die', 'die', 'die', 'die', 'fail', 'run').start();
    forked[0]?.process.kill('SIGKILL');
    await expect.poll(() => forked.length).toBe(9);
    expect(failures).toEqual([]);
    expect(forked[1]?.isDead()).toBe(false);
  });

  it('that has started reports when no worker is left and none can be started', async () => {
    await crewOf(1, 'run', 'die').start();
    forked[0]?.process.kill('SIGKILL');
    await expect.poll(() => failures).toEqual([expect.stringContaining('5 times')]);
    expect(forked).toHaveLength(6);
  });

  it('that is stopped while starting leaves no workers behind', async () => {
    const starting = crewOf(2, 'run').start();
    // Stopped while starting, so it rejects.
    starting.catch(() => {});
    await crew.stop();
    expect(forked.every((worker) => worker.isDead())).toBe(true);
  });
});

it('the connection of a client that a killed worker had not accepted is closed', async () => {
  useWorkerFile();
  const worker = cluster.fork({ CREW_DOES: 'listen' });
  closeLostConnections(worker);
  const port = await new Promise<number>((resolve) => {
    worker.on('message', (message: { port?: number }) => message.port && resolve(message.port));
  });
  const child = worker.process;
  const send = child.send.bind(child) as (...args: readonly unknown[]) => boolean;
  const handed = new Promise<void>((resolve) => {
    child.send = (...args: readonly unknown[]) => {
      if ((args[0] as { act?: string }).act === 'newconn') resolve();
      return send(...args);
    };
  });
  child.kill('SIGSTOP');
  const client = connect(port, '127.0.0.1');
  const ended = once(client, 'close');
  client.on('error', () => {}); // it is reset, or closed
  client.resume();
  await handed;
  child.kill('SIGKILL');
  await ended;
});
