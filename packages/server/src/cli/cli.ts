import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { ProblemError } from '@mevrik/protocol';
import { explainStartError } from '../compose/explain-start-error.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { findEmbedded } from '../db/embedded.ts';
import { errorCode } from '../db/error-code.ts';
import { createDeadLetters, type ParkedFilter } from '../dispatch/inspect/dead-letters.ts';
import { createInspection } from '../dispatch/inspect/inspection.ts';
import { listen } from '../listeners/index.ts';
import { firstLine, printTable, UsageError } from './output.ts';
import { readReplayCommand, replayAtTerminal } from './replay-command.ts';

const usage = `Usage: mevrik <command> [options]

  start [--workers <n>]  Run the server in n processes, or "auto" for one per core
  subscriptions          List all listeners with their lag, parked events and dead letters
  dead-letters           List parked events and dead letters, newest first
  retry                  Retry all matching events
  discard                Discard all matching events
  resume <listener>      Resume a paused listener
  replay preview         Show what would run if listeners handled events again
  replay run             Run a replay; asks for confirmation unless --yes is given
  replay status [<id>]   List recent replays, or show one replay and its failures
  replay cancel <id>     Cancel the remaining runs of a replay

Filters for dead letters (retry and discard require at least one, or --all):
  --listener <name>  --event <id>  --type <event>  --key <ordering key>  --app <id>  --status waiting|dead  --all
Filters for replays:
  --listener <names>  --event <id>  --type <events>  --key <ordering key>  --app <id>  --from <time>  --until <time>
  Separate several listeners or event types with commas.

Connects to the database in DATABASE_URL, or to the embedded one of the server running on DATA_DIR.`;

const commands = ['subscriptions', 'dead-letters', 'retry', 'discard', 'resume'] as const;
type Command = (typeof commands)[number];

try {
  // main.ts parses its own arguments, because workers run it without this file.
  if (process.argv[2] === 'start') await import('../main.ts');
  else await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help) {
    console.log(usage);
    return;
  }
  if (positionals[0] === 'replay') {
    const command = readReplayCommand(positionals.slice(1), values);
    return onDatabase((database, { NODE_ENV }) =>
      replayAtTerminal(database, NODE_ENV, { command, actor: actorHere() }),
    );
  }
  const { command, name } = commandOf(positionals);
  const filter = filterOf(values);
  const isNamed = Object.values(filter).some((value) => value !== undefined);
  if ((command === 'retry' || command === 'discard') && !isNamed && !values.all) {
    throw new UsageError('Specify which events with a filter, or use --all.');
  }
  await onDatabase((database) => act(database, command, { name, filter }));
}

async function onDatabase(work: (database: Database, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  const database = await connect(config);
  try {
    await work(database, config);
  } finally {
    await database.close();
  }
}

function commandOf([given, name, ...more]: string[]): { command: Command; name: string } {
  const command = commands.find((known) => known === given);
  if (given === undefined) throw new UsageError(usage);
  if (!command) throw new UsageError(`Unknown command "${given}".\n\n${usage}`);
  if (command === 'resume' && name === undefined) {
    throw new UsageError('Missing listener. Usage: mevrik resume <listener>');
  }
  const [extra] = command === 'resume' ? more : [name];
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".\n\n${usage}`);
  return { command, name: name ?? '' };
}

function readArguments(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        listener: text,
        event: text,
        type: text,
        key: text,
        app: text,
        status: text,
        from: text,
        until: text,
        yes: { type: 'boolean', short: 'y' },
        all: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function filterOf(values: ReturnType<typeof readArguments>['values']): ParkedFilter {
  const { status, app } = values;
  if (status !== undefined && status !== 'waiting' && status !== 'dead') {
    throw new UsageError('--status must be waiting or dead.');
  }
  if (app !== undefined && !/^[1-9]\d{0,9}$/.test(app))
    throw new UsageError('--app must be the ID of an app.');
  if (values.event !== undefined && !/^[\da-f-]{36}$/i.test(values.event)) {
    throw new UsageError('--event must be the ID of an event.');
  }
  return {
    subscription: values.listener,
    eventId: values.event,
    type: values.type,
    key: values.key,
    appId: app === undefined ? undefined : Number(app),
    status,
  };
}

async function connect(config: Config): Promise<Database> {
  const log = { info() {}, warn: (message: string) => console.error(message) };
  const target = config.DATABASE_URL ?? (await findEmbedded({ dataDir: config.DATA_DIR, log }));
  if (!target) {
    throw new UsageError(
      `No server is running on ${config.DATA_DIR}. Start one, or set DATA_DIR or DATABASE_URL.`,
    );
  }
  return openDatabase(target, { maxConnections: 1, applicationName: 'mevrik cli' });
}

/** The actor in the audit log for commands run at the terminal. */
function actorHere(): string {
  return `terminal ${userInfo().username}`;
}

async function act(
  database: Database,
  command: Command,
  { name, filter }: { readonly name: string; readonly filter: ParkedFilter },
): Promise<void> {
  // A running server picks up the change at its next poll, within a second.
  const deadLetters = createDeadLetters(database, async () => {});
  const actor = actorHere();
  switch (command) {
    case 'subscriptions':
      return printSubscriptions(database);
    case 'dead-letters':
      return printParked(await deadLetters.list(filter, { limit: 100 }));
    case 'retry':
      return console.log(`${await deadLetters.retry(filter, {}, actor)} queued for retry.`);
    case 'discard':
      return console.log(`${await deadLetters.discard(filter, actor)} discarded.`);
    case 'resume':
      await deadLetters.resume(name, actor);
      return console.log(`${name} resumed.`);
  }
}

async function printSubscriptions(database: Database): Promise<void> {
  const states = await createInspection(database, listen).listSubscriptions();
  printTable(
    ['listener', 'mode', 'status', 'lag', 'parked', 'dead', 'events'],
    states.map(({ name, mode, status, pauseReason, lag, parked, dead, events }) => [
      name,
      mode,
      pauseReason === null ? status : `${status}: ${pauseReason}`,
      String(lag),
      String(parked),
      String(dead),
      events.join(', '),
    ]),
  );
}

function printParked({
  items: parked,
  next,
}: Awaited<ReturnType<ReturnType<typeof createDeadLetters>['list']>>): void {
  if (parked.length === 0) {
    console.log('No parked events or dead letters.');
    return;
  }
  printTable(
    ['event', 'type', 'listener', 'status', 'attempts', 'parked at', 'last error'],
    parked.map(({ eventId, type, subscription, status, attempts, parkedAt, lastError }) => [
      eventId,
      type,
      subscription,
      status,
      String(attempts),
      parkedAt,
      firstLine(lastError),
    ]),
  );
  if (next !== null) console.log('More events match. Use a filter to narrow the list.');
}

function explain(error: unknown): string {
  if (error instanceof ProblemError) return error.detail;
  if (error instanceof UsageError) return error.message;
  if (errorCode(error) === '42P01')
    return 'This database has not been set up yet. Start a server on it first.';
  return explainStartError(error) ?? (error instanceof Error ? error.message : String(error));
}
