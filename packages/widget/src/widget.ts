import { randomKey } from '@mevrik/client';
import type { Message, StoredOfflineMessage } from '@mevrik/protocol';
import { createComposer } from './composer.ts';
import { speechFor, type WidgetConfig } from './config.ts';
import { Conversation } from './conversation.ts';
import type { ConversationState, Identity } from './conversation-state.ts';
import { followTheme, followViewport, h, icon, trapFocus } from './dom.ts';
import { acceptFiles } from './file-input.ts';
import { showProgress } from './file-view.ts';
import { messageSentCard, offlineCard, preChatCard } from './forms.ts';
import { createHeader } from './header.ts';
import { createMessageLog, type LogEntry } from './message-log.ts';
import { logEntries } from './message-view.ts';
import { ratingCard } from './rating-card.ts';
import { playSound, soundButton } from './sound.ts';
import { createStorage } from './storage.ts';
import { styles } from './styles.ts';
import { textColorOn } from './text-color.ts';
import { createUnreadTitle } from './unread-title.ts';

/** What a page can hear of. */
export interface WidgetEvents {
  readonly open: undefined;
  readonly close: undefined;
  readonly message: Message;
  readonly unread: number;
}

/** The widget on a page. */
export interface Widget {
  open(): void;
  close(): void;
  identify(identity: Identity): Promise<void>;
  setAttributes(attributes: NonNullable<Identity['attributes']>): Promise<void>;
  /** Forgets who was here, as after a log-out. */
  forget(): void;
  /** Gives what ends it. */
  on<Name extends keyof WidgetEvents>(name: Name, listener: (data: WidgetEvents[Name]) => void): () => void;
  /** Takes everything off the page. */
  destroy(): void;
}

const phone = '(max-width:520px)';

/** Puts the widget on the page. */
export function createWidget(config: WidgetConfig): Widget {
  const speech = speechFor(config.locale);
  const { words, language, isRightToLeft, locale } = speech;
  const storage = createStorage(config.appKey, config.channel);
  const listeners = new Map<keyof WidgetEvents, Set<(data: never) => void>>();
  const emit = <Name extends keyof WidgetEvents>(name: Name, data: WidgetEvents[Name]) => {
    for (const listener of listeners.get(name) ?? []) listener(data as never);
  };
  const isInline = config.target !== undefined;
  const numbers = new Intl.NumberFormat(locale);
  const showInTitle = createUnreadTitle(numbers);
  let isOpen = isInline;
  let toldUnread = 0;
  let asked = config.preChat.length > 0 && storage.read().tokens === undefined;
  /** The visitor would rather write than leave a message, or has begun to fill in the form. */
  let isChatChosen = false;
  let isLeaving = false;
  let left: ({ readonly email: string } & StoredOfflineMessage) | undefined;
  let rating: HTMLElement | undefined;

  const conversation = new Conversation(config, storage, (state, heard) => {
    render(state);
    if (heard) {
      log.announceNewMessages();
      emit('message', heard);
      const isMuted = config.without.has('sound') || storage.read().isMuted;
      if (!isMuted && !(isOpen && document.hasFocus())) playSound();
    }
    if (isOpen && document.visibilityState === 'visible') conversation.seen();
    if (state.unread === toldUnread) return;
    toldUnread = state.unread;
    emit('unread', toldUnread);
  });

  const host = h('div', { 'data-mevrik': true });
  const shadow = host.attachShadow({ mode: 'open', delegatesFocus: true });
  shadow.adoptedStyleSheets = [sheetOf(config.color)];

  const badge = h('span', { class: 'badge', hidden: true });
  const launch = h(
    'button',
    { class: 'launch', type: 'button', 'aria-expanded': 'false', onclick: () => toggle() },
    icon('chat'),
    badge,
  );
  const close = h(
    'button',
    { type: 'button', 'aria-label': words.close, onclick: () => toggle(false) },
    icon('close'),
  );
  const header = createHeader(config, speech, [
    !config.without.has('sound') && soundButton(words, storage),
    !isInline && close,
  ]);
  const retry = h('button', { type: 'button', onclick: () => begin() }, words.retry);
  const fault = h('span', {});
  const notice = h('div', { class: 'notice', role: 'status', hidden: true }, fault, ' ', retry);
  const log = createMessageLog(words, shadow, () => conversation.loadOlder().catch(() => {}));
  const typing = h('div', { class: 'typing', 'aria-live': 'polite' });
  const composer = createComposer(config, words, {
    write(text) {
      conversation.write(text).catch(() => {});
      log.toEnd();
    },
    typing: () => conversation.sendTyping(),
    attach,
    askForVideo: () => conversation.askForVideo(),
  });
  const panel = h(
    'div',
    { class: 'panel', role: isInline ? 'region' : 'dialog', 'aria-labelledby': 'title', hidden: !isOpen },
    header.element,
    header.line,
    notice,
    log.element,
    typing,
    composer.element,
  );
  const root = h(
    'div',
    {
      class: `root ${isInline ? 'inline' : 'floating'} ${config.position === 'left' ? 'left' : ''}`,
      lang: language,
      dir: isRightToLeft ? 'rtl' : 'ltr',
    },
    panel,
    !isInline && launch,
  );

  const hello = h(
    'div',
    { class: 'hello' },
    h('b', { dir: 'auto' }, config.greeting ?? words.greeting),
    h('p', {}, words.greetingText),
  );
  const loading = h('div', { class: 'bars', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
  const preChat = preChatCard(words, config.preChat, async (who) => {
    await conversation.identify(who);
    await conversation.begin();
    asked = false;
    render(conversation.state);
    composer.focus();
  });
  const chat = () => {
    isChatChosen = true;
    isLeaving = false;
    left = undefined;
    render(conversation.state);
    begin();
    if (!asked) composer.focus();
  };
  let leaveKey = randomKey();
  const offline = offlineCard(
    words,
    async (message) => {
      const done = await conversation.leave(message, leaveKey);
      leaveKey = randomKey();
      asked = false;
      isLeaving = false;
      isChatChosen = true;
      if (done.answeredBy === 'email') left = { ...done, email: message.email };
      render(conversation.state);
      if (left) shadow.querySelector<HTMLElement>('.left')?.focus();
      else composer.focus();
    },
    chat,
  );
  offline.addEventListener('input', () => {
    isLeaving = true;
  });

  function render(state: ConversationState): void {
    const { phase, messages, unread, isConnected } = state;
    header.show(state);
    notice.hidden = isConnected && phase !== 'failed';
    fault.textContent = notice.hidden ? '' : phase === 'failed' ? words.unavailable : words.offline;
    retry.hidden = phase !== 'failed';
    badge.hidden = unread === 0 || isOpen;
    badge.textContent = unread > 9 ? `${numbers.format(9)}+` : numbers.format(unread);
    launch.setAttribute(
      'aria-label',
      badge.hidden ? words.open : `${words.open}. ${words.newMessages}: ${numbers.format(unread)}`,
    );
    showInTitle(isOpen && document.visibilityState === 'visible' ? 0 : unread);
    const someone = state.typing === undefined ? '' : `${state.typing || words.agent} ${words.isTyping}`;
    if (typing.textContent !== someone) typing.textContent = someone;
    const lines = linesIn(state);
    const hadFocus = composer.element.contains(shadow.activeElement);
    const isForm = asked || lines.some(({ key }) => key === 'offline' || key === 'left');
    composer.element.hidden = isForm;
    typing.hidden = composer.element.hidden;
    composer.video.hidden = !messages.some(({ isReply }) => !isReply);
    log.show(lines, messages[0]?.id ?? 0, !isForm);
    if (isForm && hadFocus) log.focus();
    showProgress(log.element, state.uploads);
  }

  function linesIn(state: ConversationState): LogEntry[] {
    const { messages, unsent, uploads, opening, session, phase, hasDiscarded } = state;
    if (left) {
      const card = messageSentCard(words, left, chat);
      return [{ key: 'left', make: () => card }];
    }
    const hasSaid = messages.some(({ isReply }) => !isReply) || unsent.length + uploads.length > 0;
    const isOffered = isLeaving || (opening?.hasOfflineForm && !isChatChosen && !hasSaid);
    if (isOffered && session?.agentType !== 'live') return [{ key: 'offline', make: () => offline }];
    if (asked) {
      return [
        { key: 'hello', make: () => hello },
        { key: 'preChat', make: () => preChat },
      ];
    }
    const discarded = {
      key: 'discarded',
      make: () => h('div', { class: 'sys', role: 'alert' }, words.discardedUnsent),
    };
    const more = hasDiscarded ? [discarded] : [];
    if (state.hasSurvey) rating ??= ratingCard(words, (score, comment) => conversation.rate(score, comment));
    else rating = undefined;
    if (messages.length + unsent.length + uploads.length > 0) {
      const card = rating;
      return [
        ...logEntries({ speech, conversation }, state),
        ...(card ? [{ key: `rating ${messages.at(-1)?.sessionId}`, make: () => card }] : []),
        ...more,
      ];
    }
    const empty = phase === 'loading' || (phase === 'idle' && isOpen) ? 'loading' : 'hello';
    return [{ key: empty, make: () => (empty === 'hello' ? hello : loading) }, ...more];
  }

  function begin(): void {
    const begun = asked ? conversation.checkTeamAvailability() : conversation.begin();
    begun.catch(() => {});
  }

  function attach(files: Iterable<File>): void {
    if (composer.element.hidden || config.without.has('files')) return;
    for (const file of [...files].slice(0, 10)) void conversation.uploads.add(file);
    log.toEnd();
  }

  /** `isByHand`: the keyboard follows; a page that only opens again what was open keeps it. */
  function toggle(next = !isOpen, isByHand = true): void {
    if (isInline || next === isOpen) return;
    const hadFocus = panel.contains(shadow.activeElement);
    isOpen = next;
    panel.hidden = !next;
    root.classList.toggle('open', next);
    launch.setAttribute('aria-expanded', String(next));
    storage.write({ isOpen: next });
    if (next) {
      begin();
      render(conversation.state);
      if (!composer.element.hidden) log.toEnd();
      conversation.seen();
      if (isByHand && composer.element.hidden) close.focus();
      else if (isByHand) composer.focus();
    } else {
      render(conversation.state);
      if (hadFocus) launch.focus();
    }
    emit(next ? 'open' : 'close', undefined);
  }

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.isComposing) toggle(false);
  };
  const onTab = (event: KeyboardEvent) => {
    if (isOpen && !isInline && matchMedia(phone).matches) trapFocus(event, panel, shadow);
  };
  const onVisible = () => {
    if (isOpen && document.visibilityState === 'visible') conversation.seen();
    render(conversation.state);
  };
  const endings = [
    followTheme(host, config.theme),
    isInline ? () => {} : followViewport(root),
    storage.watch(() => {
      conversation.followBrowser();
      const { messages, unread } = conversation.state;
      const seenId = storage.read().seenId ?? 0;
      if (unread > 0 && seenId >= (messages.at(-1)?.id ?? 1)) render({ ...conversation.state, unread: 0 });
    }),
  ];
  document.addEventListener('visibilitychange', onVisible);
  document.addEventListener('keydown', onTab, true);
  panel.addEventListener('keydown', onKey);
  acceptFiles(panel, attach);
  shadow.append(root);
  (isInline ? (document.querySelector(config.target ?? '') ?? document.body) : document.body).append(host);
  render(conversation.state);
  if (isInline || conversation.isKnown) begin();
  if (storage.read().isOpen && !matchMedia(phone).matches) toggle(true, false);

  return {
    open: () => toggle(true),
    close: () => toggle(false),
    identify: (identity) => conversation.identify(identity),
    setAttributes: (attributes) => conversation.identify({ attributes }),
    forget() {
      conversation.forget();
      asked = config.preChat.length > 0;
      [isChatChosen, isLeaving, left] = [false, false, undefined];
      render(conversation.state);
      if (isOpen) begin();
    },
    on(name, listener) {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener as never));
      return () => all.delete(listener as never);
    },
    destroy() {
      conversation.end();
      showInTitle(0);
      for (const end of endings) end();
      document.removeEventListener('visibilitychange', onVisible);
      document.removeEventListener('keydown', onTab, true);
      host.remove();
    },
  };
}

function sheetOf(color: string | undefined): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  const on = color === undefined ? undefined : textColorOn(color);
  if (on !== undefined)
    sheet.insertRule(`:host{--m-color:${color?.replace(/[;{}]/g, '')};--m-on:${on}}`, sheet.cssRules.length);
  return sheet;
}
