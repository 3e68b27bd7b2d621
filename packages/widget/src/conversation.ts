import {
  type Client,
  createClient,
  createTokenKeeper,
  type Held,
  MevrikError,
  type TokenKeeper,
  type Tokens,
} from '@mevrik/client';
import type { Message, Session } from '@mevrik/protocol';
import type { WidgetConfig } from './config.ts';
import {
  type ConversationState,
  type Identity,
  initialState,
  profileOf,
  type Upload,
} from './conversation-state.ts';
import { Outbox } from './outbox.ts';
import type { Unsent, WidgetStorage } from './storage.ts';
import { asksForRating } from './survey.ts';
import { Uploads } from './uploads.ts';

const typingLastsMs = 6_000;
const typingEveryMs = 2_500;

/** A visitor's conversation: what was said, what is on its way, and who is there. */
export class Conversation {
  readonly #config: WidgetConfig;
  readonly #storage: WidgetStorage;
  readonly #onChange: (state: ConversationState, heard?: Message) => void;
  readonly #stranger: Client;
  /** Messages and files on their way. */
  readonly outbox: Outbox;
  readonly uploads: Uploads;
  #keeper: TokenKeeper | undefined;
  #client: Client | undefined;
  #channel: Held<`session${number}`> | undefined;
  #identity: Identity = {};
  #beginning: Promise<void> | undefined;
  /** Counts visits: what one that is over had under way no longer counts. */
  #visit = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #toldTypingAt = 0;
  /** Where the messages before the loaded ones are; null where there are none. */
  #older: string | null | undefined;
  #isLoadingOlder = false;
  state = initialState;

  constructor(
    config: WidgetConfig,
    storage: WidgetStorage,
    onChange: (state: ConversationState, heard?: Message) => void,
  ) {
    this.#config = config;
    this.#storage = storage;
    this.#onChange = onChange;
    this.#stranger = createClient({ url: config.url, appKey: config.appKey });
    this.outbox = new Outbox(storage, {
      post: (message) => this.#post(message),
      onChange: (unsent) => this.#set({ unsent }),
    });
    this.uploads = new Uploads({
      post: (upload) => this.#postFile(upload),
      onChange: (uploads) => this.#set({ uploads }),
    });
    this.state = { ...this.state, unsent: this.outbox.unsent };
  }

  /** Whether the visitor was here before. */
  get isKnown(): boolean {
    return this.#storage.read().tokens !== undefined;
  }

  /** The page says who the visitor is; a proven person takes their own conversation up again. */
  async identify(identity: Identity): Promise<void> {
    const isOther = identity.userId !== undefined && identity.userId !== this.#identity.userId;
    this.#identity = { ...this.#identity, ...identity };
    const { tokens, userId } = this.#storage.read();
    const isKept = tokens !== undefined && userId === identity.userId;
    if (isOther && identity.hmac !== undefined && !isKept) {
      const wasThere = this.#beginning !== undefined;
      this.end();
      this.#storage.clear();
      this.#storage.write({ userId: identity.userId });
      if (wasThere) await this.begin();
      return;
    }
    await this.#client?.rest.introduce(profileOf(this.#identity));
  }

  /** Begins or resumes the visit, once. */
  begin(): Promise<void> {
    const visit = this.#visit;
    this.#beginning ??= this.#begin().catch((error: unknown) => {
      if (visit !== this.#visit) return;
      this.#beginning = undefined;
      this.#set({ phase: 'failed' });
      throw error;
    });
    return this.#beginning;
  }

  /** Writes a message: it is shown at once, and sent until it is taken. */
  async write(text: string): Promise<void> {
    this.outbox.add(text);
    await this.begin();
    await this.outbox.send();
  }

  /** Chooses what was offered under a message. */
  async choose(kind: 'button' | 'quickReply', choice: { title: string; payload: string }): Promise<void> {
    await this.begin();
    const rest = this.#client?.rest;
    const stored = await (kind === 'button' ? rest?.pressButton(choice) : rest?.chooseQuickReply(choice));
    if (stored) this.#take(stored.message);
  }

  async askForVideo(): Promise<void> {
    await this.begin();
    const stored = await this.#client?.rest.writeMessage({ kind: 'video_call_request' });
    if (stored) this.#take(stored.message);
  }

  async rate(score: number, comment: string): Promise<void> {
    const said = comment.trim();
    const stored = await this.#client?.rest.answerSurvey({
      score,
      ...(said === '' ? {} : { comment: said }),
    });
    if (stored) this.#take(stored.message);
  }

  /** The visitor is writing. */
  tellTyping(): void {
    if (!this.#client || Date.now() - this.#toldTypingAt < typingEveryMs) return;
    this.#toldTypingAt = Date.now();
    this.#client.rest.tellTyping(true).catch(() => {});
  }

  /** The visitor sees the conversation. */
  seen(): void {
    const last = this.state.messages.findLast(({ isReply }) => isReply);
    if (!last || last.id <= (this.#storage.read().seenId ?? 0)) return;
    this.#storage.write({ seenId: last.id });
    this.#set({ unread: 0 });
    this.#client?.rest.markRead(last.id).catch(() => {});
  }

  /** Loads what was said before the oldest message that is shown. */
  async loadOlder(): Promise<void> {
    const client = this.#client;
    if (!this.#older || !client || this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    try {
      const page = await client.rest.messages({ limit: 50, cursor: this.#older });
      if (client !== this.#client) return;
      this.#older = page.next;
      const known = new Set(this.state.messages.map(({ id }) => id));
      const older = page.items.filter(({ id }) => !known.has(id));
      this.#set({ messages: [...older, ...this.state.messages].sort((a, b) => a.id - b.id) });
    } finally {
      this.#isLoadingOlder = false;
    }
  }

  end(): void {
    this.#visit += 1;
    this.#client?.disconnect();
    this.#client = undefined;
    this.#channel = undefined;
    this.#beginning = undefined;
    this.#older = undefined;
    this.#set({ phase: 'idle', messages: [], session: undefined, unread: 0 });
  }

  async #begin(): Promise<void> {
    this.#set({ phase: 'loading' });
    const number = this.#visit;
    const said = this.#identity;
    const { userId, hmac } = said;
    const { tokens, savedAt = 0 } = this.#storage.read();
    this.#keeper = createTokenKeeper({ refresh: (refreshToken) => this.#refresh(refreshToken) });
    if (tokens) {
      this.#keeper.set({
        ...tokens,
        expiresInSeconds: tokens.expiresInSeconds - (Date.now() - savedAt) / 1000,
      });
    } else {
      const visit = await this.#stranger.rest.startVisit({
        channel: this.#config.channel,
        ...(userId !== undefined && hmac !== undefined
          ? { identity: { externalId: userId, signature: hmac } }
          : {}),
        profile: { ...profileOf(this.#identity), locale: this.#config.locale },
      });
      if (number !== this.#visit) return;
      this.#keep(visit);
      this.#keeper.set(visit);
    }
    const keeper = this.#keeper;
    const client = createClient({
      url: this.#config.url,
      appKey: this.#config.appKey,
      token: (isRefused) => keeper.token(isRefused),
    });
    this.#client = client;
    let me: Awaited<ReturnType<typeof client.rest.me>>;
    try {
      me = await client.rest.me();
    } catch (error) {
      if (number !== this.#visit) return;
      if (!(error instanceof MevrikError) || error.status !== 401) throw error;
      // The visit of then is over for good: a new one begins.
      this.#storage.clear();
      this.#client = undefined;
      return this.#begin();
    }
    if (number !== this.#visit) return;
    client.onState((state) => {
      this.#set({ isConnected: state === 'connected' || state === 'connecting' });
      if (state === 'connected') void this.outbox.send();
    });
    this.#set({ opensAt: me.opening.isOpen ? undefined : me.opening.changesAt });
    if ((tokens || this.#identity !== said) && Object.keys(profileOf(this.#identity)).length > 0)
      void client.rest.introduce(profileOf(this.#identity)).catch(() => {});
    if (me.session) this.#follow(me.session);
    await this.#load();
    if (number !== this.#visit) return;
    this.#set({ phase: 'ready' });
    void this.outbox.send();
  }

  /** Of all pages of a browser one exchanges the token, and the others take what it got. */
  async #refresh(refreshToken: string): Promise<Tokens> {
    const exchange = async () => {
      const { tokens, savedAt = 0 } = this.#storage.read();
      if (tokens && tokens.refreshToken !== refreshToken) {
        return { ...tokens, expiresInSeconds: tokens.expiresInSeconds - (Date.now() - savedAt) / 1000 };
      }
      const visit = await this.#stranger.rest.refreshVisit(refreshToken);
      this.#keep(visit);
      return visit;
    };
    return navigator.locks ? navigator.locks.request(`mevrik.${this.#config.appKey}`, exchange) : exchange();
  }

  #keep({ accessToken, refreshToken, expiresInSeconds }: Tokens): void {
    this.#storage.write({ tokens: { accessToken, refreshToken, expiresInSeconds }, savedAt: Date.now() });
  }

  async #load(): Promise<void> {
    const page = await this.#client?.rest.messages({ limit: 50 });
    const loaded = page?.items ?? [];
    if (page && this.#older === undefined) this.#older = page.next;
    const live = this.state.messages.filter(({ id }) => !loaded.some((one) => one.id === id));
    const messages = [...loaded, ...live].sort((a, b) => a.id - b.id);
    const seenId = this.#storage.read().seenId ?? 0;
    this.#set({
      messages,
      unread: messages.filter(({ isReply, id }) => isReply && id > seenId).length,
      agentName: messages.findLast(({ sender }) => sender.type === 'agent')?.sender.name,
    });
  }

  /** Hears a session; another one when that has begun. */
  #follow(session: Session): void {
    const isSame = this.state.session?.id === session.id && this.#channel;
    this.#set({ session });
    if (isSame || !this.#client) return;
    this.#channel?.unsubscribe();
    const channel = this.#client.subscribe(`session${session.id}`);
    this.#channel = channel;
    channel.on('message_post', ({ message }) => this.#take(message));
    channel.on('message_reply', ({ message }) => this.#take(message, true));
    channel.on('session_path_changed', (data) => this.#set({ session: data.session }));
    channel.on('message_changed', ({ message }) => this.#take(message));
    channel.on('message_read', ({ by, messageId }) => {
      if (by === 'agent') this.#set({ readId: Math.max(this.state.readId, messageId) });
    });
    channel.on('typing', ({ by, name, typing }) => {
      if (by !== 'agent') return;
      clearTimeout(this.#typing);
      this.#set({ typing: typing ? (name ?? '') : undefined });
      if (typing) this.#typing = setTimeout(() => this.#set({ typing: undefined }), typingLastsMs);
    });
    // What was said before the first word is heard, and what was missed for good.
    channel.ready().then(
      () => this.#load().catch(() => {}),
      () => {},
    );
    channel.when('reload', () => void this.#load().catch(() => {}));
  }

  #take(message: Message, isNews = false): void {
    if (message.kind === 'note') return;
    const { messages } = this.state;
    const known = messages.findIndex(({ id }) => id === message.id);
    const next =
      known >= 0
        ? messages.map((one) => (one.id === message.id ? message : one))
        : [...messages, message].sort((a, b) => a.id - b.id);
    const isHeard = isNews && known < 0 && message.isReply;
    this.#set(
      {
        messages: next,
        ...(isHeard ? { unread: this.state.unread + 1, typing: undefined } : {}),
        ...(message.sender.type === 'agent' ? { agentName: message.sender.name } : {}),
      },
      isHeard ? message : undefined,
    );
  }

  async #postFile({ key, file }: Upload): Promise<void> {
    await this.begin();
    const rest = this.#client?.rest;
    const { fileId } = (await rest?.uploadFile(file, { name: file.name || 'file' })) ?? {};
    if (!rest || !fileId) throw new Error('The visit ended.');
    const stored = await rest.writeMessage({ attachments: [{ fileId }] }, { key });
    this.#take(stored.message);
    this.#follow(stored.session);
  }

  /** Gives whether it could be tried. */
  async #post({ key, text }: Unsent): Promise<boolean> {
    if (!this.#client) return false;
    const { message, session } = await this.#client.rest.writeMessage({ text }, { key });
    this.outbox.taken(key);
    this.#take(message);
    this.#follow(session);
    return true;
  }

  #set(change: Partial<ConversationState>, heard?: Message): void {
    this.state = { ...this.state, ...change };
    if (change.messages) this.state = { ...this.state, hasSurvey: asksForRating(change.messages) };
    this.#onChange(this.state, heard);
  }
}
