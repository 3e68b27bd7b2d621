import { registerApp, upsertApp } from '../commands/register-app.ts';
import type { Config } from '../config/config.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';

/** Any number that nobody else on the database uses for advisory locks. */
const appLock = 7_364_102;

/** The app of the environment; or, on an empty database, one to begin with. Of several nodes one makes it. */
export async function ensureApp(config: Config, unitOfWork: UnitOfWork, log: Log): Promise<void> {
  const { app } = config;
  const made = await unitOfWork.run(async (tx) => {
    await tx.sql`SELECT pg_advisory_xact_lock(${appLock})`;
    if (app) {
      await upsertApp(tx, app);
      return undefined;
    }
    const [known] = await tx.sql`SELECT FROM apps LIMIT 1`;
    return known ? undefined : registerApp(tx, { name: 'My first app' });
  });
  if (made) log.info({ appId: made.id, key: made.key }, 'an app was made to begin with');
}
