import { createInterface } from 'node:readline/promises';
import { type Replay, type ReplayPreview, type ReplayRequest, replayRequestSchema } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { createReplays, type Replays } from '../dispatch/replay/replays.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { describeFieldErrors } from '../domain/field-errors.ts';
import { listen } from '../listeners/index.ts';
import { firstLine, printTable, UsageError } from './output.ts';

const acts = ['preview', 'run', 'status', 'cancel'] as const;

/** A parsed `mevrik replay` command. */
export interface ReplayCommand {
  readonly act: (typeof acts)[number];
  readonly id: number | undefined;
  readonly request: ReplayRequest | undefined;
  /** Whether to run without asking for confirmation. */
  readonly yes: boolean;
}

/** The options of `mevrik replay`. */
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

/** Parses the arguments of `mevrik replay`. @throws UsageError. */
export function readReplayCommand([given, number, ...more]: string[], options: ReplayOptions): ReplayCommand {
  const act = acts.find((known) => known === (given ?? 'status'));
  if (!act) throw new UsageError(`Unknown command "replay ${given}". Use one of: ${acts.join(', ')}.`);
  if (more[0] !== undefined) throw new UsageError(`Unexpected argument "${more[0]}".`);
  const takesId = act === 'status' || act === 'cancel';
  if (number !== undefined && (!takesId || !/^[1-9]\d{0,14}$/.test(number))) {
    throw new UsageError(takesId ? `"${number}" is not a replay ID.` : `Unexpected argument "${number}".`);
  }
  if (act === 'cancel' && number === undefined)
    throw new UsageError('Missing replay ID. Usage: mevrik replay cancel <id>');
  const id = number === undefined ? undefined : Number(number);
  return { act, id, request: takesId ? undefined : requestOf(options), yes: options.yes ?? false };
}

function requestOf({ listener, event, type, key, app, from, until }: ReplayOptions): ReplayRequest {
  if (listener === undefined) throw new UsageError('Missing listeners. Use --listener <name>,<name>.');
  describeFieldErrors();
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
    throw new UsageError('Missing filter. Use --type, --from, --until, --key, --app or --event.');
  }
  throw new UsageError(`--${String(option ?? 'listener')} ${issue?.message}.`);
}

function instant(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const date = new Date(given);
  if (Number.isNaN(date.getTime()))
    throw new UsageError(`"${given}" is not a valid time. Example: 2026-02-28T14:00`);
  return date.toISOString();
}

/** Runs the command. A running server picks up a replay at its next poll, within a second. */
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
    console.log('\nNothing to run.');
    return;
  }
  if (!yes && !(await agreed(`\nStart ${expected} ${expected === 1 ? 'run' : 'runs'}? [y/N] `))) {
    console.log('Cancelled.');
    return;
  }
  const { id } = await replays.start({ ...request, expected }, { actor });
  console.log(`\nReplay ${id} started. Check its progress with: mevrik replay status ${id}`);
}

async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('Cannot ask for confirmation without a terminal. Use --yes to run it.');
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
    ['listener', 'runs', 'skipped', 'not yet handled', 'description'],
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
    console.log('No replays.');
    return;
  }
  printTable(
    ['replay', 'status', 'waiting', 'done', 'skipped', 'failed', 'cancelled', 'by', 'started', 'listeners'],
    replays.map((one) => [
      String(one.id),
      one.status,
      String(one.waiting),
      String(one.done),
      String(one.skipped),
      String(one.dead),
      String(one.cancelled),
      one.actor,
      one.createdAt,
      one.listeners.join(', '),
    ]),
  );
}

async function printStatus(replays: Replays, id: number): Promise<void> {
  printReplays([await replays.get(id)]);
  const { items, next } = await replays.entries(id, { status: 'dead', limit: 20 });
  if (items.length === 0) return;
  console.log('\nFailed (see the dead letters):\n');
  printTable(
    ['event', 'type', 'listener', 'attempts', 'last error'],
    items.map(({ eventId, type, listener, attempts, failures }) => [
      eventId,
      type,
      listener,
      String(attempts),
      firstLine(failures.at(-1)?.error),
    ]),
  );
  if (next !== null) console.log(`Only the first ${items.length} failures are shown.`);
}
