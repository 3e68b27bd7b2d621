import { userInfo } from 'node:os';
import { ProblemError } from '@mevrik/protocol';
import { BackupError } from '../backup/manifest.ts';
import { explainStartError } from '../compose/explain-start-error.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { findEmbedded } from '../db/embedded.ts';
import { errorCode } from '../db/error-code.ts';
import { createDeadLetters, type ParkedFilter } from '../dispatch/inspect/dead-letters.ts';
import { createInspection } from '../dispatch/inspect/inspection.ts';
import { listen } from '../listeners/index.ts';
import { counted, firstLine, printTable, terminalLog, UsageError } from './output.ts';
import { type ReplayCommand, replayAtTerminal } from './replay-command.ts';

/** A command that shows or changes listeners and parked events. */
export type Command = 'subscriptions' | 'dead-letters' | 'retry' | 'discard' | 'resume';

/** Runs a command on the database of the settings. @throws UsageError if there is none. */
export function runCommand(
  command: Command,
  options: { readonly name: string; readonly filter: ParkedFilter },
): Promise<void> {
  return onDatabase((database) => act(database, command, options));
}

/** Runs a replay command on the database of the settings. @throws UsageError if there is none. */
export function runReplayCommand(command: ReplayCommand): Promise<void> {
  return onDatabase((database, { NODE_ENV }) =>
    replayAtTerminal(database, NODE_ENV, { command, actor: actorHere() }),
  );
}

/** Why a command failed, for the person at the terminal. */
export function explainCommandError(error: unknown): string {
  if (error instanceof ProblemError) return error.detail;
  if (error instanceof BackupError) return error.message;
  if (errorCode(error) === '42P01')
    return 'This database has not been set up yet. Start a server on it first.';
  return explainStartError(error) ?? (error instanceof Error ? error.message : String(error));
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

async function connect(config: Config): Promise<Database> {
  const target = config.DATABASE_URL ?? (await findEmbedded({ dataDir: config.DATA_DIR, log: terminalLog }));
  if (!target) {
    throw new UsageError(
      `No server is running on ${config.DATA_DIR}. Start one, or set DATA_DIR or DATABASE_URL.`,
    );
  }
  return openDatabase(target, { maxConnections: 1, applicationName: 'mevrik cli' });
}

/** The actor in the audit log for commands run at the terminal. */
export function actorHere(): string {
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
      return console.log(`${counted(await deadLetters.retry(filter, {}, actor), 'event')} queued for retry.`);
    case 'discard':
      return console.log(`${counted(await deadLetters.discard(filter, actor), 'event')} discarded.`);
    case 'resume':
      return console.log(
        resumedText(name, filter.appId, await deadLetters.resume(name, filter.appId, actor)),
      );
  }
}

function resumedText(name: string, appId: number | undefined, apps: number): string {
  if (apps === 0) return `${name} is not paused${appId === undefined ? '' : ` for app ${appId}`}.`;
  return `${name} resumed for ${counted(apps, 'app')}.`;
}

async function printSubscriptions(database: Database): Promise<void> {
  const states = await createInspection(database, listen).listSubscriptions();
  printTable(
    ['listener', 'mode', 'status', 'lag', 'parked', 'dead', 'events'],
    states.map(({ name, mode, status, pausedApps, lag, parked, dead, events }) => [
      name,
      mode,
      [status, ...pausedApps.map(({ appId, reason }) => `app ${appId}: ${reason}`)].join('; '),
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
