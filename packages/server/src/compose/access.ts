import { type AppDirectory, createAppDirectory } from '../apps/app-directory.ts';
import { type AuditEntry, writeAudit } from '../audit/audit.ts';
import { AuditLog } from '../audit/audit-log.ts';
import { type AccessTokens, createAccessTokens } from '../auth/access-tokens.ts';
import { type Authenticator, createAuthenticator } from '../auth/authenticate.ts';
import { readOrCreateSecret } from '../auth/secrets.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Log } from '../observe/log.ts';
import type { Teardown } from './teardown.ts';

/** Database connections that only look up apps. */
const appConnections = 2;

/** Apps, authentication and the audit log. */
export interface AccessPart {
  readonly apps: AppDirectory;
  readonly accessTokens: AccessTokens;
  readonly authenticator: Authenticator;
  /** Writes an entry to the audit log without waiting for it. A failure is logged. */
  readonly audit: (entry: AuditEntry) => void;
}

/** The dependencies of `composeAccess`. */
interface AccessDeps {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  /** Opens a pool of connections. */
  readonly open: (name: string, maxConnections: number) => Database;
  readonly teardown: Teardown;
}

/** Composes apps, authentication and the audit log. */
export async function composeAccess({
  config,
  database,
  log,
  open,
  teardown,
}: AccessDeps): Promise<AccessPart> {
  const accessTokens = createAccessTokens(await readOrCreateSecret(database.sql, 'access-token-key'), {
    customerSeconds: config.CUSTOMER_TOKEN_MINUTES * 60,
    agentSeconds: config.AGENT_TOKEN_MINUTES * 60,
  });
  const auditLog = new AuditLog({
    write: (entry) => writeAudit(database.sql, entry),
    onError: (entry, err) => log.error({ ...entry, err }, 'failed to write an audit entry'),
  });
  teardown.add('the audit log', () => auditLog.stop());
  return {
    // Of its own: listeners must not wait for requests.
    apps: createAppDirectory(open('apps', appConnections)),
    accessTokens,
    authenticator: createAuthenticator(database.sql, accessTokens),
    audit: (entry) => auditLog.add(entry),
  };
}
