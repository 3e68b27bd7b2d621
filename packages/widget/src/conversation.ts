import { type Client, MevrikError, type Rest } from '@mevrik/client';
import type { Message, OfflineMessage, Session, StoredMessage, StoredOfflineMessage } from '@mevrik/protocol';
import type { WidgetConfig } from './config.ts';
import {
  type ConversationState,
  hasMoved,
  type Identity,
  initialState,
  mergeMessages,
  profileOf,
  type Upload,
  withMessage,
} from './conversation-state.ts';
import { MessageOutbox } from './outbox.ts';
import { isInQueue, type SessionSubscription, subscribeToSession } from './session-subscription.ts';
import type { UnsentMessage, WidgetStorage } from './storage.ts';
import { asksForRating } from './survey.ts';
import { scheduleAvailabilityCheck } from './team-availability.ts';
import { sendFile, type UploadRun, Uploads } from './uploads.ts';
import { VisitStore } from './visit-store.ts';

const typingEveryMs = 2_500;

/** A visitor's conversation: messages, unsent messages, and the agent. */
export class Conversation {
  readonly #storage: WidgetStorage;
  readonly #onChange: (state: ConversationState, received?: Message) => void;
  readonly #visit: VisitStore;
  /** Unsent messages and files. */
  readonly outbox: MessageOutbox;
  readonly uploads: Uploads;
  #client: Client | undefined;
  #subscription: SessionSubscription | undefined;
  #identity: Identity = {};
  #beginning: Promise<void> | undefined;
  /** Counts visits, so that results of an ended visit are dropped. */
  #number = 0;
  #typingSentAt = 0;
  /** The cursor of older messages; null if there are none. */
  #older: string | null | undefined;
  #isLoadingOlder = false;
  #unwatchOpening = () => {};
  state = initialState;

  constructor(
    config: WidgetConfig,
    storage: WidgetStorage,
    onChange: (state: ConversationState, received?: Message) => void,
  ) {
    this.#storage = storage;
    this.#onChange = onChange;
    this.#visit = new VisitStore(config, storage);
    this.outbox = new MessageOutbox(storage, {
      post: (message, signal) => this.#post(message, signal),
      onChange: (unsent) => this.#set({ unsent }),
    });
    this.uploads = new Uploads({
      post: (upload, run) => this.#postFile(upload, run),
      onChange: (uploads) => this.#set({ uploads }),
    });
    this.state = { ...this.state, unsent: this.outbox.unsent };
  }

  /** Whether a visit is stored in this browser. */
  get isKnown(): boolean {
    return this.#visit.isKnown;
  }

  /** Identifies the visitor; a verified user resumes their own conversation. */
  async identify(identity: Identity): Promise<void> {
    const isOther = identity.userId !== undefined && identity.userId !== this.#identity.userId;
    this.#identity = { ...this.#identity, ...identity };
    const { tokens, userId } = this.#storage.read();
    const isKept = tokens !== undefined && userId === identity.userId;
    if (isOther && identity.hmac !== undefined && !isKept) {
      const hadBegun = this.#beginning !== undefined;
      this.#discardUnsent();
      this.end();
      this.#storage.forget();
      this.#storage.write({ userId: identity.userId });
      if (hadBegun) await this.begin();
      return;
    }
    await this.#client?.rest.visitor.introduce(profileOf(this.#identity));
  }

  /** Forgets the visitor, as after a logout, and deletes their data from the browser. */
  forget(): void {
    this.#identity = {};
    this.outbox.discard();
    this.uploads.discard();
    this.end();
    this.#storage.forget();
  }

  /** Switches to the visit of another tab if the visitor changed there. */
  followBrowser(): void {
    if (!this.#visit.isReplaced) return;
    const hadBegun = this.#beginning !== undefined;
    this.#identity = {};
    this.outbox.reread();
    this.uploads.discard();
    this.end();
    // A failed start is in the state (`phase`).
    if (hadBegun) this.begin().catch(() => {});
  }

  /** Starts or resumes the visit, once. */
  begin(): Promise<void> {
    const number = this.#number;
    this.#beginning ??= this.#begin().catch((error: unknown) => {
      if (number !== this.#number) return;
      this.#beginning = undefined;
      this.#set({ phase: 'failed' });
      throw error;
    });
    return this.#beginning;
  }

  /** Loads the team's availability; works before the visit starts. */
  async checkTeamAvailability(): Promise<void> {
    const before = this.state;
    const opening = await (this.#client ?? this.#visit.anonymous).rest.visitor.teamAvailability();
    if (before.opening === this.state.opening) this.#set({ opening });
    this.#unwatchOpening();
    this.#unwatchOpening = scheduleAvailabilityCheck(opening, () => this.#refreshTeamAvailability());
  }

  #refreshTeamAvailability(): void {
    // Without an answer the header shows no availability, which is not worth an error.
    this.checkTeamAvailability().catch(() => {});
  }

  /** Shows a message immediately and sends it until the server has stored it. */
  async write(text: string): Promise<void> {
    if (this.state.hasDiscarded) this.#set({ hasDiscarded: false });
    this.outbox.add(text, this.state.messages.at(-1)?.id ?? 0);
    await this.begin();
    await this.outbox.send();
  }

  /** Presses a button or quick reply of a message. */
  choose(kind: 'button' | 'quickReply', choice: { title: string; payload: string }): Promise<void> {
    return this.#submit((rest) =>
      kind === 'button' ? rest.visitor.pressButton(choice) : rest.visitor.chooseQuickReply(choice),
    );
  }

  askForVideo(): Promise<void> {
    return this.#submit((rest) => rest.visitor.writeMessage({ kind: 'video_call_request' }));
  }

  rate(score: number, comment: string): Promise<void> {
    const text = comment.trim();
    return this.#submit((rest) =>
      rest.visitor.answerSurvey({ score, ...(text === '' ? {} : { comment: text }) }),
    );
  }

  /** Leaves an offline message, stored once under its idempotency key. */
  async leave(message: OfflineMessage, key: string): Promise<StoredOfflineMessage> {
    await this.begin();
    if (!this.#client) throw new Error('The visit ended.');
    const left = await this.#client.rest.visitor.leaveMessage(message, { key });
    if (left.answeredBy === 'chat') await this.#load();
    return left;
  }

  /** Sends a typing notice, at most every 2.5 s. */
  sendTyping(): void {
    if (!this.#client || Date.now() - this.#typingSentAt < typingEveryMs) return;
    this.#typingSentAt = Date.now();
    // A lost typing notice does no harm.
    this.#client.rest.visitor.sendTyping(true).catch(() => {});
  }

  /** Marks the conversation as seen and read. */
  seen(): void {
    const last = this.state.messages.findLast(({ isReply }) => isReply);
    if (!last || last.id <= (this.#storage.read().seenId ?? 0)) return;
    this.#storage.write({ seenId: last.id });
    this.#set({ unread: 0 });
    // The next reply marks this one as read, too.
    this.#client?.rest.visitor.markRead(last.id).catch(() => {});
  }

  /** Loads the messages before the oldest one shown. */
  async loadOlder(): Promise<void> {
    const client = this.#client;
    if (!this.#older || !client || this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    try {
      const page = await client.rest.visitor.messages({ limit: 50, cursor: this.#older });
      if (client !== this.#client) return;
      this.#older = page.next;
      this.#set({ messages: mergeMessages(page.items, this.state.messages) });
    } finally {
      this.#isLoadingOlder = false;
    }
  }

  end(): void {
    this.#number += 1;
    this.#unwatchOpening();
    this.#client?.disconnect();
    this.#visit.leave();
    this.#client = undefined;
    this.#subscription = undefined;
    this.#beginning = undefined;
    this.#older = undefined;
    const { opening, unsent, uploads, hasDiscarded } = this.state;
    this.#set({ ...initialState, opening, unsent, uploads, hasDiscarded });
  }

  async #begin(): Promise<void> {
    this.#set({ phase: 'loading' });
    const number = this.#number;
    const identity = this.#identity;
    const opened = await this.#visit.open(identity, () => number === this.#number);
    if (!opened || number !== this.#number) return;
    const { client, isResumed } = opened;
    this.#client = client;
    try {
      await this.#loadMe(client);
    } catch (error) {
      if (number !== this.#number) return;
      if (!(error instanceof MevrikError) || error.status !== 401) throw error;
      // The stored visit has expired: start a new one.
      this.#storage.forget();
      this.#client = undefined;
      return this.#begin();
    }
    if (number !== this.#number) return;
    let wasCut = false;
    client.onState((state) => {
      this.#set({ isConnected: state === 'connected' || state === 'connecting' });
      if (state === 'connected') {
        void this.outbox.send();
        // Availability and queue notices are not replayed after a cut.
        // The next cut or page load tries again.
        if (wasCut) this.#loadMe(client).catch(() => {});
      }
      wasCut = state !== 'connected';
    });
    client.subscribe('opening').on('team_availability_changed', (opening) => this.#set({ opening }));
    if ((isResumed || this.#identity !== identity) && Object.keys(profileOf(this.#identity)).length > 0)
      // The profile is sent again with the next visit.
      void client.rest.visitor.introduce(profileOf(this.#identity)).catch(() => {});
    await this.#load();
    if (number !== this.#number) return;
    this.#set({ phase: 'ready' });
    void this.outbox.send();
    this.#refreshTeamAvailability();
  }

  async #loadMe(client: Client): Promise<void> {
    const before = this.state;
    const { session, opening, queuePosition, agent } = await client.rest.visitor.me();
    if (client !== this.#client) return;
    if (hasMoved(before, this.state)) return this.#loadMe(client);
    this.#set({ opening, queuePosition: queuePosition ?? undefined, agent: agent ?? undefined });
    if (session) this.#follow(session, true);
  }

  async #load(): Promise<void> {
    const client = this.#client;
    const page = await client?.rest.visitor.messages({ limit: 50 });
    if (!page || client !== this.#client) return;
    if (this.#older === undefined) this.#older = page.next;
    const messages = mergeMessages(this.state.messages, page.items);
    const seenId = this.#storage.read().seenId ?? 0;
    this.#set({ messages, unread: messages.filter(({ isReply, id }) => isReply && id > seenId).length });
  }

  /** Subscribes to a session, replacing the previous subscription. */
  #follow(session: Session, isCurrent = false): void {
    const isSame = this.state.session?.id === session.id && this.#subscription;
    if (isSame && !isCurrent) return; // Its notices may be newer than this response.
    this.#set({ session, ...(isInQueue(session) ? {} : { queuePosition: undefined }) });
    if (isSame || !this.#client) return;
    this.#subscription?.unsubscribe();
    this.#subscription = subscribeToSession(this.#client, session, {
      take: (message, isLive) => this.#addMessage(message, isLive),
      set: (change) => this.#set(change),
      readId: () => this.state.readId,
      // The next subscription loads again.
      load: () => void this.#load().catch(() => {}),
    });
  }

  #addMessage(message: Message, isLive = false): void {
    if (message.kind === 'note') return;
    const { change, received } = withMessage(this.state, message, isLive);
    this.#set(change, received);
  }

  /** Submits a message and shows it, unless the visitor changed meanwhile. */
  async #submit(write: (rest: Rest) => Promise<StoredMessage>): Promise<void> {
    await this.begin();
    const client = this.#client;
    if (!client) throw new Error('The visit ended.');
    const { message, session } = await write(client.rest);
    if (client !== this.#client) return;
    this.#addMessage(message);
    this.#follow(session);
  }

  async #postFile({ key, file }: Upload, { signal, onProgress }: UploadRun): Promise<void> {
    await this.begin();
    signal.throwIfAborted();
    return this.#submit((rest) => sendFile(rest, { key, file }, { signal, onProgress }));
  }

  /** @returns whether sending could be attempted. */
  async #post({ key, text }: UnsentMessage, signal: AbortSignal): Promise<boolean> {
    const client = this.#client;
    if (!client) return false;
    const { message, session } = await client.rest.visitor.writeMessage({ text }, { key, signal });
    this.outbox.stored(key, message.id);
    if (client !== this.#client) return true;
    this.#addMessage(message);
    this.#follow(session);
    return true;
  }

  /** Never sends one visitor's unsent messages as another visitor. */
  #discardUnsent(): void {
    if (this.state.unsent.length + this.state.uploads.length === 0) return;
    this.outbox.discard();
    this.uploads.discard();
    this.#set({ hasDiscarded: true });
  }

  #set(change: Partial<ConversationState>, received?: Message): void {
    this.state = { ...this.state, ...change };
    if (change.messages) this.state = { ...this.state, hasSurvey: asksForRating(change.messages) };
    this.#onChange(this.state, received);
  }
}
