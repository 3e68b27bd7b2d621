import { createInterface } from 'node:readline/promises';
import { type Replay, type ReplayPreview, type ReplayRequest, replayRequestSchema } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { createReplays, type Replays } from '../dispatch/replay/replays.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { listen } from '../listeners/index.ts';
import { firstLine, printTable, UsageError } from './output.ts';

const acts = ['preview', 'run', 'status', 'cancel'] as const;

/** What a replay is asked for with at the terminal: an act, perhaps a replay's number, and which events. */
export interface ReplayCommand {
  readonly act: (typeof acts)[number];
  readonly id: number | undefined;
  readonly request: ReplayRequest | undefined;
  /** Run it without asking. */
  readonly yes: boolean;
}

/** What `--listener` and the like have said. */
export interface ReplayOptions {
  readonly listener?: string | undefined;
  readonly event?: string | undefined;
  readonly type?: string | undefined;
  readonly key?: string | undefined;
  readonly app?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** Reads what stands behind `mevrik replay`. @throws UsageError. */
export function readReplayCommand([given, number, ...more]: string[], options: ReplayOptions): ReplayCommand {
  const act = acts.find((known) => known === (given ?? 'status'));
  if (!act) throw new UsageError(`mevrik replay knows ${acts.join(', ')}, not "${given}".`);
  if (more[0] !== undefined) throw new UsageError(`"${more[0]}" is one word too many.`);
  const takesId = act === 'status' || act === 'cancel';
  if (number !== undefined && (!takesId || !/^[1-9]\d{0,14}$/.test(number))) {
    throw new UsageError(
      takesId ? `"${number}" is no number of a replay.` : `"${number}" is one word too many.`,
    );
  }
  if (act === 'cancel' && number === undefined)
    throw new UsageError('Which replay? mevrik replay cancel <number>');
  const id = number === undefined ? undefined : Number(number);
  return { act, id, request: takesId ? undefined : requestOf(options), yes: options.yes ?? false };
}

function requestOf({ listener, event, type, key, app, from, until }: ReplayOptions): ReplayRequest {
  if (listener === undefined) throw new UsageError('Which listeners? --listener <name>,<name>');
  const parsed = replayRequestSchema.safeParse({
    listeners: listener.split(','),
    filter: {
      eventId: event,
      types: type?.split(','),
      appId: app === undefined ? undefined : Number(app),
      key,
      from: instant(from),
      until: instant(until),
    },
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = { eventId: 'event', types: 'type', appId: 'app' }[String(issue?.path[1])] ?? issue?.path[1];
  if (option === undefined && issue?.path[0] === 'filter') {
    throw new UsageError('Which events? Say --type, --from, --until, --key, --app or --event.');
  }
  throw new UsageError(`--${String(option ?? 'listener')}: ${issue?.message}`);
}

function instant(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const date = new Date(given);
  if (Number.isNaN(date.getTime())) throw new UsageError(`"${given}" is no time: write 2026-02-28T14:00.`);
  return date.toISOString();
}

/** Does what was asked. A running server takes it up with its next poll, within a second. */
export async function replayAtTerminal(
  database: Database,
  environment: string,
  { command, actor }: { readonly command: ReplayCommand; readonly actor: string },
): Promise<void> {
  const replays = createReplays({
    database,
    environment,
    subscriptions: subscriptionsOf(listen),
    changed: async () => {},
  });
  const { act, id, request, yes } = command;
  if (request) {
    const preview = await replays.preview(request);
    printPreview(preview);
    if (act === 'run') await run(replays, { request, preview, yes, actor });
    return;
  }
  if (act === 'cancel') printReplays([await replays.cancel(id ?? 0, actor)]);
  else if (id === undefined) printReplays((await replays.list({ limit: 20 })).items);
  else await printStatus(replays, id);
}

async function run(
  replays: Replays,
  asked: {
    readonly request: ReplayRequest;
    readonly preview: ReplayPreview;
    readonly yes: boolean;
    readonly actor: string;
  },
): Promise<void> {
  const { request, preview, yes, actor } = asked;
  const expected = preview.listeners.reduce((sum, { run }) => sum + run, 0);
  if (expected === 0) {
    console.log('\nNothing would run: nothing was begun.');
    return;
  }
  if (!yes && !(await agreed(`\nRun it ${expected} times? [y/N] `))) {
    console.log('Nothing was begun.');
    return;
  }
  const { id } = await replays.start({ ...request, expected }, { actor });
  console.log(`\nReplay ${id} runs. How far it is: mevrik replay status ${id}`);
}

async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('Nobody is there to ask: say --yes to run it.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

function printPreview({ events, listeners, warning }: ReplayPreview): void {
  console.log(`${events} ${events === 1 ? 'event matches' : 'events match'}.\n`);
  printTable(
    ['listener', 'runs', 'not concerned', 'not yet handled', 'what it does'],
    listeners.map(({ listener, run, skipped, notYet, summary }) => [
      listener,
      String(run),
      String(skipped),
      String(notYet),
      summary,
    ]),
  );
  console.log(`\n${warning}`);
}

function printReplays(replays: readonly Replay[]): void {
  if (replays.length === 0) {
    console.log('Nothing was ever replayed.');
    return;
  }
  printTable(
    [
      'replay',
      'status',
      'waiting',
      'done',
      'not concerned',
      'failed',
      'cancelled',
      'by',
      'begun',
      'listeners',
    ],
    replays.map((one) => [
      ...[String(one.id), one.status],
      ...[one.waiting, one.done, one.skipped, one.dead, one.cancelled].map(String),
      ...[one.actor, one.createdAt, one.listeners.join(', ')],
    ]),
  );
}

async function printStatus(replays: Replays, id: number): Promise<void> {
  printReplays([await replays.get(id)]);
  const { items, next } = await replays.entries(id, { status: 'dead', limit: 20 });
  if (items.length === 0) return;
  console.log('\nFailed, and now among the dead letters:\n');
  printTable(
    ['event', 'type', 'listener', 'attempts', 'last error'],
    items.map(({ eventId, type, listener, attempts, failures }) => [
      ...[eventId, type, listener, String(attempts), firstLine(failures.at(-1)?.error)],
    ]),
  );
  if (next !== null) console.log('… and more.');
}
