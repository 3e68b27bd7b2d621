import { parseArgs } from 'node:util';
import type { ParkedFilter } from '../dispatch/inspect/dead-letters.ts';
import { UsageError } from './output.ts';
import type { Command } from './run-command.ts';

const usage = `Usage: mevrik <command> [options]

  start [--workers <n>]  Run the server in n processes, or "auto" for one per core
  subscriptions          List all listeners with their lag, parked events and dead letters
  dead-letters           List parked events and dead letters, newest first
  retry                  Retry all matching events
  discard                Discard all matching events
  resume <listener>      Resume a paused listener, for one app (--app <id>) or all
  replay preview         Show what would run if listeners handled events again
  replay run             Run a replay; asks for confirmation unless --yes is given
  replay status [<id>]   List recent replays, or show one replay and its failures
  replay cancel <id>     Cancel the remaining runs of a replay
  backup [<directory>]   Write the database and the attachments to a new directory; the server may be running
  restore <directory>    Restore a backup into a new DATA_DIR, or into the empty database in DATABASE_URL

Filters for dead letters (retry and discard require at least one, or --all):
  --listener <name>  --event <id>  --type <event>  --key <ordering key>  --app <id>  --status waiting|dead  --all
Filters for replays:
  --listener <names>  --event <id>  --type <events>  --key <ordering key>  --app <id>  --from <time>  --until <time>
  Separate several listeners or event types with commas.
Option for backup:
  --without-attachments  Leave the attachments out, for example because their bucket has backups of its own

Connects to the database in DATABASE_URL, or to the embedded one of the server running on DATA_DIR.
Only backup and restore do not need a running server.`;

const commands: readonly Command[] = ['subscriptions', 'dead-letters', 'retry', 'discard', 'resume'];

// Everything else is loaded when it is needed: help and wrong arguments are answered at once.
try {
  // main.ts parses its own arguments, because workers run it without this file.
  if (process.argv[2] === 'start') await import('../main.ts');
  else await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof UsageError ? error.message : await explain(error));
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help) {
    console.log(usage);
    return;
  }
  if (positionals[0] === 'replay') {
    const { readReplayCommand } = await import('./replay-command.ts');
    const command = readReplayCommand(positionals.slice(1), values);
    const { runReplayCommand } = await import('./run-command.ts');
    return runReplayCommand(command);
  }
  if (positionals[0] === 'backup' || positionals[0] === 'restore') {
    const { readBackupCommand, runBackupCommand } = await import('./backup-command.ts');
    return runBackupCommand(readBackupCommand(positionals, values));
  }
  const { command, name } = commandOf(positionals);
  const filter = filterOf(values);
  const isNamed = Object.values(filter).some((value) => value !== undefined);
  if ((command === 'retry' || command === 'discard') && !isNamed && !values.all) {
    throw new UsageError('Specify which events with a filter, or use --all.');
  }
  const { runCommand } = await import('./run-command.ts');
  await runCommand(command, { name, filter });
}

async function explain(error: unknown): Promise<string> {
  const { explainCommandError } = await import('./run-command.ts');
  return explainCommandError(error);
}

function commandOf([given, name, ...more]: string[]): { command: Command; name: string } {
  const command = commands.find((known) => known === given);
  if (given === undefined) throw new UsageError(usage);
  if (!command) throw new UsageError(`Unknown command "${given}".\n\n${usage}`);
  if (command === 'resume' && name === undefined) {
    throw new UsageError('Missing listener. Usage: mevrik resume <listener> [--app <id>]');
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
        'without-attachments': { type: 'boolean' },
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
