import { withBrowserLock } from '../shared/browser-lock.ts';
import {
  type Agent,
  createClient,
  createTokenStore,
  MevrikError,
  type TokenStore,
  type Tokens,
} from '../shared/sdk.ts';

/** The login of this browser, shared by its tabs. */
interface StoredLogin {
  readonly agent: Agent;
  readonly tokens: Tokens;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

const storageKey = 'mevrik.session';
const listeners = new Set<() => void>();
let login = read();

function read(): StoredLogin | undefined {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? 'null') ?? undefined;
  } catch {
    // Storage is blocked or was written by another version: the agent signs in again.
    return undefined;
  }
}

function write(next: StoredLogin | undefined): void {
  login = next;
  if (next) localStorage.setItem(storageKey, JSON.stringify(next));
  else localStorage.removeItem(storageKey);
  for (const listener of listeners) listener();
}

// Follow logins and logouts in other tabs.
addEventListener('storage', ({ key }) => {
  if (key !== storageKey) return;
  const before = login?.agent.id;
  login = read();
  if (login) tokenStore = createStoreFor(login);
  if (before !== login?.agent.id) for (const listener of listeners) listener();
});

function createStoreFor({ tokens, savedAt }: StoredLogin): TokenStore {
  const made = createTokenStore({ refresh: refreshOnce });
  const expiresInSeconds = tokens.expiresInSeconds - (Date.now() - savedAt) / 1000;
  made.set({ ...tokens, expiresInSeconds: Math.max(0, expiresInSeconds) });
  return made;
}

/** A refresh token works once: one tab exchanges it and the others reuse the result. */
async function refreshOnce(refreshToken: string): Promise<Tokens> {
  return withBrowserLock('mevrik.refresh', async () => {
    const latest = read();
    if (!latest) throw loggedOut();
    if (latest.tokens.refreshToken !== refreshToken) {
      const left = latest.tokens.expiresInSeconds - (Date.now() - latest.savedAt) / 1000;
      return { ...latest.tokens, expiresInSeconds: left };
    }
    try {
      const tokens = await anonymous.rest.desk.refreshLogin(refreshToken);
      write({ ...latest, tokens, savedAt: Date.now() });
      return tokens;
    } catch (error) {
      if (error instanceof MevrikError && error.status === 401) write(undefined);
      throw error;
    }
  });
}

const loggedOut = () => new MevrikError(401, 'logged_out', 'You are logged out. Log in again.');
const anonymous = createClient({ url: location.origin, appKey: '' });
let tokenStore = login && createStoreFor(login);

/** A valid access token of the logged-in agent. @throws MevrikError `logged_out`. */
export async function token(isRefused: boolean): Promise<string> {
  if (!tokenStore) throw loggedOut();
  return tokenStore.token(isRefused);
}

/** The API client of the logged-in agent. */
export const api = createClient({ url: location.origin, appKey: '', token });

/** The login session of this browser. */
export const session = {
  get agent(): Agent | undefined {
    return login?.agent;
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async logIn(email: string, password: string): Promise<Agent> {
    const { agent, ...tokens } = await anonymous.rest.desk.login({ email, password });
    const next = { agent, tokens, savedAt: Date.now() };
    tokenStore = createStoreFor(next);
    write(next);
    return agent;
  },
  async logOut(): Promise<void> {
    // Log out here even if the server cannot be reached: its tokens expire.
    await api.rest.desk.logout().catch(() => {});
    tokenStore = undefined;
    write(undefined);
  },
  /** Stores the agent's updated data. */
  update(agent: Agent): void {
    if (login) write({ ...login, agent });
  },
};
