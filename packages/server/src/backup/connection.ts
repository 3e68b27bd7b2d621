import pg from 'pg';
import { backupName, clientConfig, type DatabaseTarget } from '../db/database-target.ts';
import { BackupError } from './manifest.ts';

/**
 * Works on a connection of its own, for as long as it takes. When the signal is aborted, the connection is cut: what is
 * under way fails, and the database rolls it back.
 *
 * @throws BackupError if the signal was aborted.
 */
export async function onConnection<Result>(
  target: DatabaseTarget,
  signal: AbortSignal | undefined,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(clientConfig(target, backupName));
  // The statement that needs the connection fails with the same error.
  client.on('error', () => {});
  await client.connect();
  const cut = () => void client.end();
  signal?.addEventListener('abort', cut);
  try {
    signal?.throwIfAborted();
    // Whatever the role's defaults are.
    await client.query(
      'SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0',
    );
    return await work(client);
  } catch (error) {
    throw signal?.aborted ? new BackupError('Interrupted.', { cause: error }) : error;
  } finally {
    signal?.removeEventListener('abort', cut);
    await client.end();
  }
}
