import { isStorableText, ProblemError } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import type { AccessTokens, TokenSubject } from './access-tokens.ts';
import { cacheFor } from './cache-for.ts';
import type { Principal } from './principal.ts';
import { sameSecret } from './secrets.ts';

/** Authenticates callers. */
export interface Authenticator {
  /**
   * Authenticates the caller of a request.
   * @param header the value of `Authorization`: `Bearer` with an access token, or `Basic` with an app's key and secret.
   * @throws ProblemError `unauthenticated` or `token_expired`.
   */
  authenticate(header: string | undefined): Promise<Principal>;
  /** Authenticates an access token without a header, as WebSocket clients send it. */
  authenticateToken(token: string): Promise<Principal>;
  /** The login of an agent's token; `undefined` for other callers. */
  loginOf(header: string | undefined): Promise<string | undefined>;
  /** Drops the cache, so that a change made through this process, or an epoch that it has noticed, takes effect at once. */
  forget(): void;
}

/** How long the tokens of a disabled agent or app, or of an earlier epoch, may still work on other nodes. */
const staleMs = 3_000;

/** Creates an authenticator on a database. It caches agents and apps for a few seconds. */
export function createAuthenticator(sql: Sql, tokens: AccessTokens): Authenticator {
  const logins = cacheFor(staleMs, (key) => readLogin(sql, key));
  const subjects = cacheFor(staleMs, (token) => tokens.read(token));
  const appsByKey = cacheFor(staleMs, (key) => readAppByKey(sql, key));
  const epochsByApp = cacheFor(staleMs, (id) => readEpochOfApp(sql, Number(id)));

  async function principalOf(subject: TokenSubject): Promise<Principal> {
    if (subject.kind === 'customer') {
      const epoch = await epochsByApp.get(String(subject.appId));
      if (epoch === undefined) throw unauthenticated('The app is disabled.');
      // A database that was restored, or that was behind at a fail-over, gives the ids of lost customers to new ones.
      if (epoch !== subject.epoch) {
        throw new ProblemError('token_expired', 'Refresh the access token and try again.');
      }
      const { appId, customerId, contactIdentityId, conversationKey } = subject;
      return { role: 'customer', appId, customerId, contactIdentityId, conversationKey };
    }
    const login = await logins.get(`${subject.agentId} ${subject.family}`);
    if (!login) throw unauthenticated('You have been logged out.');
    if (login.role !== subject.role) throw unauthenticated('Your role has changed. Log in again.');
    return { role: login.role, agentId: subject.agentId, name: login.name, appIds: login.app_ids };
  }

  async function authenticateToken(token: string): Promise<Principal> {
    return principalOf(await subjects.get(token));
  }

  async function authenticateApp(credentials: string): Promise<Principal> {
    const [key = '', secret] = splitOnce(Buffer.from(credentials, 'base64').toString('utf8'));
    const app =
      key !== '' && key.length <= maxAppKeyLength && isStorableText(key)
        ? await appsByKey.get(key)
        : undefined;
    // Compared for unknown apps too, so that the response time does not reveal which keys exist.
    const matches = sameSecret(secret ?? '', app?.secret ?? '');
    if (!app || !secret || !matches) throw unauthenticated('Wrong app key or app secret.');
    return { role: 'service', appId: app.id };
  }

  return {
    authenticateToken,
    async authenticate(header) {
      const { scheme, credentials } = parseHeader(header);
      if (scheme === 'bearer') return authenticateToken(credentials);
      if (scheme === 'basic') return authenticateApp(credentials);
      throw unauthenticated(
        'Send an Authorization header: Bearer with an access token, or Basic with an app key and secret.',
      );
    },
    async loginOf(header) {
      const { scheme, credentials } = parseHeader(header);
      if (scheme !== 'bearer') return undefined;
      const subject = await tokens.read(credentials);
      return subject.kind === 'agent' ? subject.family : undefined;
    },
    forget() {
      for (const cache of [logins, appsByKey, epochsByApp]) cache.forget();
    },
  };
}

function unauthenticated(detail: string): ProblemError {
  return new ProblemError('unauthenticated', detail);
}

function parseHeader(header: string | undefined): { scheme: string; credentials: string } {
  const match = /^(\w+) +([^\s]+)$/.exec(header ?? '');
  return { scheme: match?.[1]?.toLowerCase() ?? '', credentials: match?.[2] ?? '' };
}

function splitOnce(text: string): [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** No app key is longer. */
const maxAppKeyLength = 200;

interface Login {
  name: string;
  role: 'agent' | 'supervisor' | 'admin';
  app_ids: number[];
}

async function readLogin(sql: Sql, key: string): Promise<Login | undefined> {
  const [agentId = '', family = ''] = key.split(' ');
  const [row] = await sql<Login[]>`
    SELECT name, role,
           ARRAY(SELECT app_id FROM agent_apps WHERE agent_id = agents.id ORDER BY app_id) AS app_ids
    FROM agents
    WHERE id = ${Number(agentId)} AND disabled_at IS NULL
      AND EXISTS (SELECT FROM refresh_tokens
                  WHERE family = ${family} AND agent_id = agents.id AND revoked_at IS NULL)`;
  return row;
}

async function readAppByKey(sql: Sql, key: string) {
  const [row] = await sql<{ id: number; secret: string }[]>`
    SELECT id, secret FROM apps WHERE key = ${key} AND enabled`;
  return row;
}

/** The epoch of the log if the app is enabled. */
async function readEpochOfApp(sql: Sql, id: number): Promise<string | undefined> {
  const [row] = await sql<{ epoch: string }[]>`
    SELECT log_epoch.epoch FROM apps CROSS JOIN log_epoch WHERE apps.id = ${id} AND apps.enabled`;
  return row?.epoch;
}
