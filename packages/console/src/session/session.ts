import { alone } from '../shared/alone.ts';
import {
  type Agent,
  createClient,
  createTokenStore,
  MevrikError,
  type TokenStore,
  type Tokens,
} from '../shared/sdk.ts';

/** Who is logged in in this browser, on all its pages. */
interface Kept {
  readonly agent: Agent;
  readonly tokens: Tokens;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

const storageKey = 'mevrik.session';
const listeners = new Set<() => void>();
let kept = read();

function read(): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

function write(next: Kept | undefined): void {
  kept = next;
  if (next) localStorage.setItem(storageKey, JSON.stringify(next));
  else localStorage.removeItem(storageKey);
  for (const listener of listeners) listener();
}

// Other pages of this browser log in and out too.
addEventListener('storage', ({ key }) => {
  if (key !== storageKey) return;
  const before = kept?.agent.id;
  kept = read();
  if (kept) keeper = keeperOf(kept);
  if (before !== kept?.agent.id) for (const listener of listeners) listener();
});

function keeperOf({ tokens, savedAt }: Kept): TokenStore {
  const made = createTokenStore({ refresh: refreshOnce });
  const expiresInSeconds = tokens.expiresInSeconds - (Date.now() - savedAt) / 1000;
  made.set({ ...tokens, expiresInSeconds: Math.max(0, expiresInSeconds) });
  return made;
}

/** A refresh token is good once: of all pages one exchanges it, and the others take what it got. */
async function refreshOnce(refreshToken: string): Promise<Tokens> {
  return alone('mevrik.refresh', async () => {
    const latest = read();
    if (!latest) throw loggedOut();
    if (latest.tokens.refreshToken !== refreshToken) {
      const left = latest.tokens.expiresInSeconds - (Date.now() - latest.savedAt) / 1000;
      return { ...latest.tokens, expiresInSeconds: left };
    }
    try {
      const tokens = await stranger.rest.desk.refreshLogin(refreshToken);
      write({ ...latest, tokens, savedAt: Date.now() });
      return tokens;
    } catch (error) {
      if (error instanceof MevrikError && error.status === 401) write(undefined);
      throw error;
    }
  });
}

const loggedOut = () => new MevrikError(401, 'logged_out', 'You are logged out. Log in again.');
const stranger = createClient({ url: location.origin, appKey: '' });
let keeper = kept && keeperOf(kept);

/** For clients: a good token of whoever is logged in. @throws MevrikError `logged_out`. */
export async function token(isRefused: boolean): Promise<string> {
  if (!keeper) throw loggedOut();
  return keeper.token(isRefused);
}

/** Calls the API as whoever is logged in. */
export const api = createClient({ url: location.origin, appKey: '', token });

/** Who is logged in. */
export const session = {
  get agent(): Agent | undefined {
    return kept?.agent;
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async logIn(email: string, password: string): Promise<Agent> {
    const { agent, ...tokens } = await stranger.rest.desk.login({ email, password });
    const next = { agent, tokens, savedAt: Date.now() };
    keeper = keeperOf(next);
    write(next);
    return agent;
  },
  async logOut(): Promise<void> {
    await api.rest.desk.logout().catch(() => {});
    keeper = undefined;
    write(undefined);
  },
  /** Keeps what the server now says of the agent. */
  update(agent: Agent): void {
    if (kept) write({ ...kept, agent });
  },
};
