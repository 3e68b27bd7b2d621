import { randomKey } from '@mevrik/client';
import type { Message, OfflineMessage, StoredOfflineMessage } from '@mevrik/protocol';
import { type Language, languageFor, type WidgetConfig } from './config.ts';
import { Conversation } from './conversation.ts';
import { conversationEntries } from './conversation-entries.ts';
import type { ConversationState, Identity } from './conversation-state.ts';
import { followTheme, followViewport, trapFocus } from './dom.ts';
import { acceptFiles } from './file-input.ts';
import { showProgress } from './file-view.ts';
import { messageSentCard, offlineCard, preChatCard } from './forms.ts';
import type { LogEntry } from './message-log.ts';
import { keepRatingCard } from './rating-card.ts';
import { playSound } from './sound.ts';
import { createStorage, type WidgetStorage } from './storage.ts';
import { createUnreadTitle } from './unread-title.ts';
import { createElements, showNotice, showUnread, type WidgetElements } from './widget-elements.ts';
import { createListeners, type WidgetEvents } from './widget-events.ts';

/** The widget on a page. */
export interface Widget {
  open(): void;
  close(): void;
  identify(identity: Identity): Promise<void>;
  setAttributes(attributes: NonNullable<Identity['attributes']>): Promise<void>;
  /** Forgets the visitor: call it after a logout. */
  forget(): void;
  /** Adds a listener. @returns a function that removes it. */
  on<Name extends keyof WidgetEvents>(name: Name, listener: (data: WidgetEvents[Name]) => void): () => void;
  /** Removes the widget from the page. */
  destroy(): void;
}

/** Below this width the panel covers the screen. */
const phone = '(max-width:520px)';
const maxFilesAtOnce = 10;

/** Puts the widget on the page. */
export function createWidget(config: WidgetConfig): Widget {
  const chat = new ChatWidget(config);
  chat.mount();
  return {
    open: () => chat.toggle(true),
    close: () => chat.toggle(false),
    identify: (identity) => chat.conversation.identify(identity),
    setAttributes: (attributes) => chat.conversation.identify({ attributes }),
    forget: () => chat.forget(),
    on: (name, listener) => chat.on(name, listener),
    destroy: () => chat.destroy(),
  };
}

class ChatWidget {
  readonly conversation: Conversation;
  readonly #config: WidgetConfig;
  readonly #language: Language;
  readonly #storage: WidgetStorage;
  readonly #elements: WidgetElements;
  readonly #preChat: HTMLElement;
  readonly #offlineForm: HTMLElement;
  readonly #numbers: Intl.NumberFormat;
  readonly #showInTitle: (unread: number) => void;
  readonly #listeners = createListeners();
  #cleanups: readonly (() => void)[] = [];
  #isOpen: boolean;
  #reportedUnread = 0;
  #needsPreChat: boolean;
  /** The visitor chose the chat over the offline form. */
  #isChatChosen = false;
  /** The visitor has begun to fill in the offline form: it stays, even if the team comes online. */
  #isLeavingMessage = false;
  #leaveKey = randomKey();
  #sentMessage: ({ readonly email: string } & StoredOfflineMessage) | undefined;
  readonly #ratingCard: (isOpen: boolean) => HTMLElement | undefined;

  constructor(config: WidgetConfig) {
    this.#config = config;
    this.#language = languageFor(config.locale);
    this.#storage = createStorage(config.appKey, config.channel);
    this.#numbers = new Intl.NumberFormat(this.#language.locale);
    this.#showInTitle = createUnreadTitle(this.#numbers);
    this.#isOpen = this.#isInline;
    this.#needsPreChat = config.preChat.length > 0 && this.#storage.read().tokens === undefined;
    this.conversation = new Conversation(config, this.#storage, (state, received) =>
      this.#update(state, received),
    );
    this.#elements = this.#createElements();
    const { words } = this.#language;
    this.#ratingCard = keepRatingCard(this.#language, (score, comment) =>
      this.conversation.rate(score, comment),
    );
    this.#preChat = preChatCard(words, config.preChat, (who) => this.#startChat(who));
    this.#offlineForm = offlineCard(
      words,
      (message) => this.#leaveMessage(message),
      () => this.#chooseChat(),
    );
    this.#offlineForm.addEventListener('input', () => {
      this.#isLeavingMessage = true;
    });
  }

  get #isInline(): boolean {
    return this.#config.target !== undefined;
  }

  #createElements(): WidgetElements {
    const { conversation } = this;
    return createElements(this.#config, this.#language, this.#storage, {
      toggle: () => this.toggle(),
      close: () => this.toggle(false),
      retry: () => this.#begin(),
      // Scrolling up again retries.
      loadOlder: () => void conversation.loadOlder().catch(() => {}),
      write: (text) => {
        // The state has the failure: the message is shown as not sent.
        conversation.write(text).catch(() => {});
        this.#elements.log.toEnd();
      },
      typing: () => conversation.sendTyping(),
      attach: (files) => this.#attach(files),
      askForVideo: () => conversation.askForVideo(),
    });
  }

  /** Adds the widget to the page and resumes a stored visit. */
  mount(): void {
    const { host, panel, root } = this.#elements;
    const target = this.#isInline ? document.querySelector(this.#config.target ?? '') : null;
    const onVisible = () => this.#onVisibilityChange();
    const onTab = (event: KeyboardEvent) => this.#onTab(event);
    document.addEventListener('visibilitychange', onVisible);
    document.addEventListener('keydown', onTab, true);
    panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.toggle(false);
    });
    acceptFiles(panel, (files) => this.#attach(files));
    this.#cleanups = [
      () => document.removeEventListener('visibilitychange', onVisible),
      () => document.removeEventListener('keydown', onTab, true),
      followTheme(host, this.#config.theme),
      ...(this.#isInline ? [] : [followViewport(root)]),
      this.#storage.watch(() => this.#followOtherTabs()),
    ];
    (target ?? document.body).append(host);
    this.#render();
    if (this.#isInline || this.conversation.isKnown) this.#begin();
    if (this.#storage.read().isOpen && !matchMedia(phone).matches) this.toggle(true, false);
  }

  destroy(): void {
    this.conversation.end();
    this.#showInTitle(0);
    for (const cleanup of this.#cleanups) cleanup();
    this.#elements.host.remove();
  }

  on<Name extends keyof WidgetEvents>(name: Name, listener: (data: WidgetEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  forget(): void {
    this.conversation.forget();
    this.#needsPreChat = this.#config.preChat.length > 0;
    this.#isChatChosen = false;
    this.#isLeavingMessage = false;
    this.#sentMessage = undefined;
    this.#render();
    if (this.#isOpen) this.#begin();
  }

  /** `isByHand`: move the focus too. Reopening after a page load must not steal it. */
  toggle(next = !this.#isOpen, isByHand = true): void {
    if (this.#isInline || next === this.#isOpen) return;
    const { panel, root, launch, shadow, composer, close, log } = this.#elements;
    const hadFocus = panel.contains(shadow.activeElement);
    this.#isOpen = next;
    panel.hidden = !next;
    root.classList.toggle('open', next);
    launch.setAttribute('aria-expanded', String(next));
    this.#storage.write({ isOpen: next });
    if (next) {
      this.#begin();
      this.#render();
      if (!composer.element.hidden) log.toEnd();
      this.conversation.seen();
      if (isByHand && composer.element.hidden) close.focus();
      else if (isByHand) composer.focus();
    } else {
      this.#render();
      if (hadFocus) launch.focus();
    }
    this.#listeners.emit(next ? 'open' : 'close', undefined);
  }

  #begin(): void {
    const { conversation } = this;
    const begun = this.#needsPreChat ? conversation.checkTeamAvailability() : conversation.begin();
    // The notice shows a failed start and offers to retry.
    begun.catch(() => {});
  }

  async #startChat(who: Identity): Promise<void> {
    await this.conversation.identify(who);
    await this.conversation.begin();
    this.#needsPreChat = false;
    this.#render();
    this.#elements.composer.focus();
  }

  #chooseChat(): void {
    this.#isChatChosen = true;
    this.#isLeavingMessage = false;
    this.#sentMessage = undefined;
    this.#render();
    this.#begin();
    if (!this.#needsPreChat) this.#elements.composer.focus();
  }

  async #leaveMessage(message: OfflineMessage): Promise<void> {
    const stored = await this.conversation.leave(message, this.#leaveKey);
    this.#leaveKey = randomKey();
    this.#needsPreChat = false;
    this.#isLeavingMessage = false;
    this.#isChatChosen = true;
    if (stored.answeredBy === 'email') this.#sentMessage = { ...stored, email: message.email };
    this.#render();
    const { shadow, composer } = this.#elements;
    if (this.#sentMessage) shadow.querySelector<HTMLElement>('.submitted')?.focus();
    else composer.focus();
  }

  #attach(files: Iterable<File>): void {
    const { composer, log } = this.#elements;
    if (composer.element.hidden || this.#config.without.has('files')) return;
    for (const file of [...files].slice(0, maxFilesAtOnce)) void this.conversation.uploads.add(file);
    log.toEnd();
  }

  #onTab(event: KeyboardEvent): void {
    const { panel, shadow } = this.#elements;
    if (this.#isOpen && !this.#isInline && matchMedia(phone).matches) trapFocus(event, panel, shadow);
  }

  #onVisibilityChange(): void {
    if (this.#isInView) this.conversation.seen();
    this.#render();
  }

  #followOtherTabs(): void {
    this.conversation.followBrowser();
    const { messages, unread } = this.conversation.state;
    const seenId = this.#storage.read().seenId ?? 0;
    if (unread > 0 && seenId >= (messages.at(-1)?.id ?? 1)) {
      this.#render({ ...this.conversation.state, unread: 0 });
    }
  }

  get #isInView(): boolean {
    return this.#isOpen && document.visibilityState === 'visible';
  }

  /** Renders a new state and reports it to the page. */
  #update(state: ConversationState, received: Message | undefined): void {
    this.#render(state);
    if (received) {
      this.#elements.log.announceNewMessages();
      this.#listeners.emit('message', received);
      const isMuted = this.#config.without.has('sound') || this.#storage.read().isMuted;
      if (!isMuted && !(this.#isOpen && document.hasFocus())) playSound();
    }
    if (this.#isInView) this.conversation.seen();
    if (state.unread === this.#reportedUnread) return;
    this.#reportedUnread = state.unread;
    this.#listeners.emit('unread', this.#reportedUnread);
  }

  #render(state: ConversationState = this.conversation.state): void {
    const { header, shadow, composer, typing, log, notice } = this.#elements;
    const { words } = this.#language;
    header.show(state);
    showNotice(notice, state, words);
    const badgeCount = this.#isOpen ? 0 : state.unread;
    showUnread(this.#elements, words, { count: badgeCount, format: (n) => this.#numbers.format(n) });
    this.#showInTitle(this.#isInView ? 0 : state.unread);
    const typingText = state.typing === undefined ? '' : `${state.typing || words.agent} ${words.isTyping}`;
    if (typing.textContent !== typingText) typing.textContent = typingText;
    const entries = this.#entries(state);
    const hadFocus = composer.element.contains(shadow.activeElement);
    const isForm = this.#needsPreChat || entries.some(({ key }) => key === 'offline' || key === 'submitted');
    composer.element.hidden = isForm;
    typing.hidden = isForm;
    composer.video.hidden = !state.messages.some(({ isReply }) => !isReply);
    log.show(entries, state.messages[0]?.id ?? 0, !isForm);
    if (isForm && hadFocus) log.focus();
    showProgress(log.element, state.uploads);
  }

  /** The entries of the log: a form, the conversation, or a greeting. */
  #entries(state: ConversationState): LogEntry[] {
    const form = this.#formEntries(state);
    if (form) return form;
    const context = { language: this.#language, conversation: this.conversation };
    return conversationEntries(context, state, {
      ...this.#elements,
      isOpen: this.#isOpen,
      rating: this.#ratingCard(state.hasSurvey),
    });
  }

  #formEntries({ messages, unsent, uploads, opening, session }: ConversationState): LogEntry[] | undefined {
    const { words } = this.#language;
    if (this.#sentMessage) {
      const card = messageSentCard(words, this.#sentMessage, () => this.#chooseChat());
      return [{ key: 'submitted', make: () => card }];
    }
    const hasWritten = messages.some(({ isReply }) => !isReply) || unsent.length + uploads.length > 0;
    const isOffered = opening?.hasOfflineForm && !this.#isChatChosen && !hasWritten;
    if ((this.#isLeavingMessage || isOffered) && session?.agentType !== 'live') {
      return [{ key: 'offline', make: () => this.#offlineForm }];
    }
    if (!this.#needsPreChat) return undefined;
    return [
      { key: 'hello', make: () => this.#elements.hello },
      { key: 'preChat', make: () => this.#preChat },
    ];
  }
}
