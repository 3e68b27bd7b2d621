import { type Client, createClient, createTokenStore, MevrikError, type Tokens } from '@mevrik/client';
import type { WidgetConfig } from './config.ts';
import { type Identity, profileOf } from './conversation-state.ts';
import type { StoredState, WidgetStorage } from './storage.ts';

/** A client for a visit; `isResumed`: it was stored in this browser. */
interface OpenedVisit {
  readonly client: Client;
  readonly isResumed: boolean;
}

/** The visitor's tokens: stored in the browser and refreshed when they expire. */
export class VisitStore {
  readonly #config: WidgetConfig;
  readonly #storage: WidgetStorage;
  /** A client without a visit. */
  readonly anonymous: Client;
  #customerId: number | undefined;

  constructor(config: WidgetConfig, storage: WidgetStorage) {
    this.#config = config;
    this.#storage = storage;
    this.anonymous = createClient({ url: config.url, appKey: config.appKey });
  }

  /** Whether a visit is stored in this browser. */
  get isKnown(): boolean {
    return this.#storage.read().tokens !== undefined;
  }

  /** Whether another tab has switched to a different visitor. */
  get isReplaced(): boolean {
    return this.#customerId !== undefined && this.#storage.read().customerId !== this.#customerId;
  }

  /** Detaches this page from the visit. */
  leave(): void {
    this.#customerId = undefined;
  }

  /**
   * Opens a client for the stored visit, or for a new one. Of several tabs that begin at the same time, one starts a visit
   * and the others resume it.
   * @returns `undefined` if no longer wanted when it could start or the response arrives; nothing is stored then.
   */
  async open(identity: Identity, isWanted: () => boolean): Promise<OpenedVisit | undefined> {
    const resumed = this.#resume();
    if (resumed) return resumed;
    return this.#alone(async () => {
      if (!isWanted()) return undefined;
      // A verified user's own visit replaces that of another tab.
      const byOtherTab = identity.hmac === undefined ? this.#resume() : undefined;
      return byOtherTab ?? this.#start(identity, isWanted);
    });
  }

  #resume(): OpenedVisit | undefined {
    const kept = this.#storage.read();
    if (!kept.tokens) return undefined;
    this.#customerId = kept.customerId;
    const tokens = withRemainingTime(kept.tokens, kept);
    return { client: this.#createClient(tokens), isResumed: true };
  }

  async #start(identity: Identity, isWanted: () => boolean): Promise<OpenedVisit | undefined> {
    const { userId, hmac } = identity;
    const visit = await this.anonymous.rest.visitor.startVisit({
      channel: this.#config.channel,
      ...(userId !== undefined && hmac !== undefined
        ? { identity: { externalId: userId, signature: hmac } }
        : {}),
      profile: { ...profileOf(identity), locale: this.#config.locale },
    });
    if (!isWanted()) return undefined;
    this.#keep(visit);
    return { client: this.#createClient(visit), isResumed: false };
  }

  #createClient(tokens: Tokens): Client {
    const { url, appKey } = this.#config;
    const tokenStore = createTokenStore({ refresh: (refreshToken) => this.#refresh(refreshToken) });
    tokenStore.set(tokens);
    return createClient({ url, appKey, token: (isRefused) => tokenStore.token(isRefused) });
  }

  /** One tab exchanges the refresh token and the others reuse the result. */
  #refresh(refreshToken: string): Promise<Tokens> {
    return this.#alone(async () => {
      // This page must not continue as a different visitor.
      if (this.isReplaced) throw new MevrikError(401, 'unauthenticated', 'Another visitor is signed in now.');
      const kept = this.#storage.read();
      if (kept.tokens && kept.tokens.refreshToken !== refreshToken)
        return withRemainingTime(kept.tokens, kept);
      const visit = await this.anonymous.rest.visitor.refreshVisit(refreshToken);
      this.#keep(visit);
      return visit;
    });
  }

  /** Runs work while no other tab does. Browsers have locks on secure pages only. */
  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return navigator.locks ? navigator.locks.request(`mevrik.${this.#config.appKey}`, work) : work();
  }

  #keep(visit: Tokens & { readonly customer: { readonly id: number } }): void {
    const { accessToken, refreshToken, expiresInSeconds } = visit;
    this.#customerId = visit.customer.id;
    this.#storage.write({
      tokens: { accessToken, refreshToken, expiresInSeconds },
      savedAt: Date.now(),
      customerId: this.#customerId,
    });
  }
}

/** The tokens with their remaining lifetime. */
function withRemainingTime(tokens: Tokens, { savedAt = 0 }: StoredState): Tokens {
  return { ...tokens, expiresInSeconds: tokens.expiresInSeconds - (Date.now() - savedAt) / 1000 };
}
