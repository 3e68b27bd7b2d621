import {
  type Client,
  createClient,
  createTokenStore,
  MevrikError,
  type TokenStore,
  type Tokens,
} from '@mevrik/client';
import type { WidgetConfig } from './config.ts';
import { type Identity, profileOf } from './conversation-state.ts';
import type { StoredState, WidgetStorage } from './storage.ts';

/** Who somebody is to the server: kept in the browser, from page to page. */
export class VisitStore {
  readonly #config: WidgetConfig;
  readonly #storage: WidgetStorage;
  /** Calls what needs no visit. */
  readonly anonymous: Client;
  #customerId: number | undefined;

  constructor(config: WidgetConfig, storage: WidgetStorage) {
    this.#config = config;
    this.#storage = storage;
    this.anonymous = createClient({ url: config.url, appKey: config.appKey });
  }

  /** Whether the visitor was here before. */
  get isKnown(): boolean {
    return this.#storage.read().tokens !== undefined;
  }

  /** Whether another page of this browser has somebody else's visit now. */
  get isReplaced(): boolean {
    return this.#customerId !== undefined && this.#storage.read().customerId !== this.#customerId;
  }

  /** This page has no visit any more. */
  leave(): void {
    this.#customerId = undefined;
  }

  /**
   * A client of the visit that is kept, or of a new one.
   * @returns `undefined` where that is not wanted any more as the answer comes: then nothing was kept.
   */
  async open(
    identity: Identity,
    isWanted: () => boolean,
  ): Promise<{ readonly client: Client; readonly isResumed: boolean } | undefined> {
    const kept = this.#storage.read();
    const tokenStore = createTokenStore({ refresh: (refreshToken) => this.#refresh(refreshToken) });
    if (kept.tokens) {
      this.#customerId = kept.customerId;
      tokenStore.set(withRemainingTime(kept.tokens, kept));
      return { client: this.#createClient(tokenStore), isResumed: true };
    }
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
    tokenStore.set(visit);
    return { client: this.#createClient(tokenStore), isResumed: false };
  }

  #createClient(tokenStore: TokenStore): Client {
    const { url, appKey } = this.#config;
    return createClient({ url, appKey, token: (isRefused) => tokenStore.token(isRefused) });
  }

  /** Of all pages of a browser one exchanges the token, and the others take what it got. */
  async #refresh(refreshToken: string): Promise<Tokens> {
    const exchange = async () => {
      // Whoever is somebody else's visit by now must not go on as them.
      if (this.isReplaced) throw new MevrikError(401, 'unauthenticated', 'Somebody else is here now.');
      const kept = this.#storage.read();
      if (kept.tokens && kept.tokens.refreshToken !== refreshToken)
        return withRemainingTime(kept.tokens, kept);
      const visit = await this.anonymous.rest.visitor.refreshVisit(refreshToken);
      this.#keep(visit);
      return visit;
    };
    return navigator.locks ? navigator.locks.request(`mevrik.${this.#config.appKey}`, exchange) : exchange();
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

/** Tokens, with what is left of their time. */
function withRemainingTime(tokens: Tokens, { savedAt = 0 }: StoredState): Tokens {
  return { ...tokens, expiresInSeconds: tokens.expiresInSeconds - (Date.now() - savedAt) / 1000 };
}
