import { type AppDirectory, createAppDirectory } from '../apps/app-directory.ts';
import { type AuditEntry, writeAudit } from '../audit/audit.ts';
import { type AccessTokens, createAccessTokens } from '../auth/access-tokens.ts';
import { type Authenticator, createAuthenticator } from '../auth/authenticate.ts';
import { readOrCreateSecret } from '../auth/secrets.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Log } from '../observe/log.ts';

/** Apps, authentication and the audit log. */
export interface AccessPart {
  readonly apps: AppDirectory;
  readonly accessTokens: AccessTokens;
  readonly authenticator: Authenticator;
  /** Writes an entry to the audit log without waiting for it. A failure is logged. */
  readonly audit: (entry: AuditEntry) => void;
}

/** Composes apps, authentication and the audit log. They run nothing and need not be stopped. */
export async function composeAccess(config: Config, database: Database, log: Log): Promise<AccessPart> {
  const accessTokens = createAccessTokens(await readOrCreateSecret(database.sql, 'access-token-key'), {
    customerSeconds: config.CUSTOMER_TOKEN_MINUTES * 60,
    agentSeconds: config.AGENT_TOKEN_MINUTES * 60,
  });
  return {
    apps: createAppDirectory(database),
    accessTokens,
    authenticator: createAuthenticator(database.sql, accessTokens),
    audit: (entry) => {
      writeAudit(database.sql, entry).catch((error) =>
        log.error({ ...entry, err: error }, 'failed to write an audit entry'),
      );
    },
  };
}
