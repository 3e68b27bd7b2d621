import { randomUUID } from 'node:crypto';
import { type Customer, type Event, type EventName, eventNames } from '@mevrik/protocol';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import type { DatabaseTarget } from '../../packages/server/src/db/database-target.ts';
import type { Broadcast } from '../../packages/server/src/dispatch/broadcasts.ts';
import type {
  DispatchObserver,
  DispatchOptions,
} from '../../packages/server/src/dispatch/dispatch-options.ts';
import { Dispatcher, lockConnection } from '../../packages/server/src/dispatch/dispatcher.ts';
import type { Listener, ListenerTable } from '../../packages/server/src/dispatch/listener.ts';
import { queued } from '../../packages/server/src/dispatch/listener.ts';
import { noHints } from '../../packages/server/src/dispatch/redis-hints.ts';
import { subscriptionsOf, syncListenersOf } from '../../packages/server/src/dispatch/subscription.ts';
import type { SyncHandler } from '../../packages/server/src/log/transaction.ts';
import { createUnitOfWork } from '../../packages/server/src/log/unit-of-work.ts';

/** A listener table that contains only these rows. */
export function tableOf(
  rows: { [Name in EventName]?: readonly Listener<never, Name>[] },
): ListenerTable<unknown> {
  return Object.fromEntries(
    eventNames.map((name) => [name, rows[name] ?? []]),
  ) as unknown as ListenerTable<unknown>;
}

/**
 * Options of a test's node; delays are short, so that tests can wait for retries. But a node may be silent for long, or on
 * a busy machine it would lose its partitions and connections to another one.
 */
export interface TestNodeOptions extends Partial<Omit<DispatchOptions, 'database' | 'deps'>> {
  readonly table: ListenerTable<unknown>;
  readonly publish?: (messages: readonly Broadcast[]) => Promise<void>;
  readonly catchUp?: (partitions: readonly number[]) => Promise<void>;
  readonly reached?: () => Promise<void>;
  readonly inline?: boolean;
  /** Whether its log has the level `debug`. */
  readonly isDebugging?: boolean;
  /** Where its connection for locks goes, if not to the same target. */
  readonly lockTarget?: DatabaseTarget;
}

/** Measures nothing. */
export const noObserver: DispatchObserver = {
  handled() {},
  aged() {},
  broadcast() {},
  failed() {},
  parked() {},
  dead() {},
  paused() {},
  unreadable() {},
};

/** One node of the product: a unit of work and a dispatcher on the given database. */
export function createNode(target: DatabaseTarget, options: TestNodeOptions) {
  const nodeId = options.nodeId ?? randomUUID();
  const database = openDatabase(target, {
    maxConnections: 8,
    applicationName: `node ${nodeId}`,
  });
  const logged: { level: string; message: string; detail: object }[] = [];
  const write = (level: string) => (detail: object, message: string) => {
    logged.push({ level, message, detail });
    if (process.env.TEST_LOG) console.error(level, message, JSON.stringify(detail));
  };
  const sync: SyncHandler = async (event, tx) => {
    for (const listener of syncListenersOf(options.table, event.type)) {
      if (listener.when?.(event as never, { environment: 'test' }) ?? true) {
        await listener.handle(event as never, { tx, deps: undefined });
      }
    }
  };
  const dispatcher = new Dispatcher({
    options: {
      environment: 'test',
      maxConcurrentEvents: 1000,
      retries: 3,
      timeoutMs: 5_000,
      stallMs: 300,
      retryDelayMs: 20,
      parkedLimit: 1_000,
      pollMs: 100,
      heartbeatMs: 100,
      deadAfterMs: 5_000,
      log: {
        isLevelEnabled: () => options.isDebugging ?? false,
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
      observe: noObserver,
      ...options,
      sync,
      nodeId,
      database,
      deps: undefined,
    },
    subscriptions: subscriptionsOf(options.table),
    openLockConnection: (onClose) => lockConnection(options.lockTarget ?? target, nodeId, { onClose }),
    publish: options.publish ?? null,
    ...(options.catchUp ? { catchUp: options.catchUp } : {}),
    ...(options.reached ? { reached: options.reached } : {}),
    connectHints: () => noHints,
    inline: options.inline ?? false,
  });
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await dispatcher.stop();
    await database.close();
  };
  return {
    nodeId,
    database,
    dispatcher,
    logged,
    unitOfWork: createUnitOfWork(database, sync, (events) => dispatcher.appended(events)),
    start: () => dispatcher.start(),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

export type TestNode = ReturnType<typeof createNode>;

/** A customer whose profile event has this ordering key and number: the simplest event. */
export function customerOf(key: string, number: number, appId = 1): Customer {
  return {
    id: number,
    appId,
    conversationKey: key,
    externalId: null,
    name: null,
    email: null,
    phone: null,
    locale: null,
    verified: false,
    attributes: {},
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

/** The number that `customerOf` was given. */
export function numberOf(event: Event<'NewCustomerProfileCreated'>): number {
  return event.data.customer.id;
}

/**
 * Creates the table that `recording` listeners write to. The order within a key is the order of `sequence`.
 */
export async function createEffectsTable(node: TestNode): Promise<void> {
  await node.database.sql`
    CREATE TABLE effects (sequence bigint GENERATED ALWAYS AS IDENTITY, listener text, key text, number int)`;
}

/** A listener that writes one row for each event; `before` runs first and may throw or hang. */
export function recording(
  name: string,
  before: (event: Event<'NewCustomerProfileCreated'>, signal: AbortSignal) => Promise<void> | void = () => {},
  policy: { onDeadLetter?: 'skip' | 'hold'; retries?: number; timeoutMs?: number } = {},
) {
  return queued<unknown, 'NewCustomerProfileCreated'>({
    name,
    summary: 'Writes down that it saw the event.',
    ...policy,
    async handle(event, { tx, signal }) {
      await before(event, signal);
      await tx.sql`INSERT INTO effects (listener, key, number) VALUES (${name}, ${event.key}, ${numberOf(event)})`;
    },
  });
}

/** The rows that a listener has written, by key, in the order of handling. */
export async function effectsOf(node: TestNode, listener: string): Promise<Record<string, number[]>> {
  const rows = await node.database.sql<{ key: string; number: number }[]>`
    SELECT key, number FROM effects WHERE listener = ${listener} ORDER BY sequence`;
  const byKey: Record<string, number[]> = {};
  for (const { key, number } of rows) {
    byKey[key] ??= [];
    byKey[key].push(number);
  }
  return byKey;
}

/** Waits until a condition holds; fails with the last result after a while. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
  holds: (answer: Answer) => boolean,
  withinMs = 120_000,
): Promise<Answer> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`It never came to hold; last seen: ${JSON.stringify(answer)?.slice(0, 500)}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
