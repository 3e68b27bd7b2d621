import type { Message } from '@mevrik/protocol';
import { attachButton, takeFiles } from './attach.ts';
import { preChatCard, ratingCard } from './cards.ts';
import { speak, type WidgetConfig } from './config.ts';
import { Conversation } from './conversation.ts';
import type { ConversationState, Identity } from './conversation-state.ts';
import { followTheme, h, icon, initials, keepFocus } from './dom.ts';
import { closedText, logOf } from './message-view.ts';
import { blip, soundButton } from './sound.ts';
import { createStorage } from './storage.ts';
import { styles } from './styles.ts';

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
  /** Gives what ends it. */
  on<Name extends keyof WidgetEvents>(name: Name, listener: (data: WidgetEvents[Name]) => void): () => void;
  /** Takes everything off the page. */
  destroy(): void;
}

/** Puts the widget on the page. */
export function createWidget(config: WidgetConfig): Widget {
  const { words, language, isRightToLeft } = speak(config.locale);
  const storage = createStorage(config.appKey, config.channel);
  const listeners = new Map<keyof WidgetEvents, Set<(data: never) => void>>();
  const emit = <Name extends keyof WidgetEvents>(name: Name, data: WidgetEvents[Name]) => {
    for (const listener of listeners.get(name) ?? []) listener(data as never);
  };
  const isInline = config.target !== undefined;
  let isOpen = isInline;
  let toldUnread = 0;
  let asked = config.preChat.length > 0 && storage.read().tokens === undefined;

  const conversation = new Conversation(config, storage, (state, heard) => {
    render(state);
    if (heard) {
      emit('message', heard);
      if (!storage.read().isMuted && !(isOpen && document.hasFocus())) blip();
    }
    if (isOpen && document.visibilityState === 'visible') conversation.seen();
    if (state.unread === toldUnread) return;
    toldUnread = state.unread;
    emit('unread', toldUnread);
  });

  const host = h('div', { 'data-mevrik': true });
  const shadow = host.attachShadow({ mode: 'open', delegatesFocus: true });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  if (config.color)
    sheet.insertRule(`:host{--m-color:${config.color.replace(/[;{}]/g, '')}}`, sheet.cssRules.length);
  shadow.adoptedStyleSheets = [sheet];

  const badge = h('span', { class: 'badge', hidden: true });
  const launch = h(
    'button',
    {
      class: 'launch',
      type: 'button',
      'aria-label': words.open,
      'aria-expanded': 'false',
      onclick: () => toggle(),
    },
    icon('chat'),
    badge,
  );
  const title = h('b', { id: 'title' }, config.title ?? words.title);
  const subtitle = h('span', {}, words.team);
  const face = h('div', { class: 'face', 'aria-hidden': 'true' }, icon('chat'));
  const sound = soundButton(words, storage);
  const notice = h('div', { class: 'notice', role: 'status', hidden: true });
  const log = h('div', {
    class: 'log',
    role: 'log',
    'aria-label': words.title,
    tabindex: 0,
    onscroll: () => {
      if (log.scrollTop < 120) conversation.loadOlder().catch(() => {});
    },
  });
  const typing = h('div', { class: 'typing', 'aria-live': 'polite' });
  const box = h('textarea', {
    rows: 1,
    dir: 'auto',
    maxlength: 10_000,
    placeholder: words.write,
    'aria-label': words.write,
    oninput: () => grow(),
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    },
  });
  const go = h(
    'button',
    { class: 'go', type: 'submit', 'aria-label': words.send, disabled: true },
    icon('send'),
  );
  const video = h(
    'button',
    {
      class: 'tool',
      type: 'button',
      'aria-label': words.video,
      title: words.video,
      onclick: () => void conversation.askForVideo().catch(() => {}),
    },
    icon('video'),
  );
  const chooser = attachButton(words, attach);
  const say = h(
    'form',
    {
      class: 'say',
      onsubmit: (event: Event) => {
        event.preventDefault();
        send();
      },
    },
    ...chooser,
    video,
    box,
    go,
  );
  const panel = h(
    'div',
    { class: 'panel', role: isInline ? 'region' : 'dialog', 'aria-labelledby': 'title', hidden: !isOpen },
    h(
      'header',
      {},
      face,
      h('div', { class: 'who' }, title, subtitle),
      sound,
      !isInline &&
        h(
          'button',
          { type: 'button', 'aria-label': words.close, onclick: () => toggle(false) },
          icon('close'),
        ),
    ),
    notice,
    log,
    typing,
    say,
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
  let rating: HTMLElement | undefined;
  let shown = '';
  let oldest = 0;

  function render(state: ConversationState): void {
    const { phase, messages, unsent, uploads, unread, agentName, session, isConnected } = state;
    const isLive = session?.agentType === 'live';
    title.textContent = isLive && agentName ? agentName : (config.title ?? words.title);
    subtitle.textContent = isLive && !agentName ? words.waiting : words.team;
    if (state.opensAt !== undefined && !(isLive && agentName))
      subtitle.textContent = closedText(words, config.locale, state.opensAt);
    face.replaceChildren(isLive && agentName ? initials(agentName) : icon('chat'));
    notice.hidden = isConnected && phase !== 'failed';
    notice.replaceChildren(
      phase === 'failed' ? words.unavailable : words.offline,
      phase === 'failed' ? h('button', { type: 'button', onclick: () => begin() }, ` ${words.retry}`) : '',
    );
    badge.hidden = unread === 0 || isOpen;
    badge.textContent = unread > 9 ? '9+' : String(unread);
    launch.setAttribute(
      'aria-label',
      unread > 0 && !isOpen ? `${words.open}: ${unread} ${words.newMessages}` : words.open,
    );
    typing.textContent = state.typing === undefined ? '' : `${state.typing || words.someone} ${words.typing}`;
    say.hidden = asked;
    video.hidden = messages.length === 0;
    const fromEnd = log.scrollHeight - log.scrollTop;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (state.hasSurvey) rating ??= ratingCard(words, (score, comment) => conversation.rate(score, comment));
    else rating = undefined;
    show(
      [
        asked,
        phase,
        messages,
        unsent,
        uploads.map(({ key, fault }) => [key, fault]),
        state.readId,
        state.hasSurvey,
      ],
      () => {
        if (asked) return [hello(), preChat];
        if (messages.length + unsent.length + uploads.length > 0) {
          return [
            ...logOf({ words, locale: config.locale, conversation }, state),
            ...(rating ? [rating] : []),
          ];
        }
        if (phase !== 'loading') return [hello()];
        return [h('div', { class: 'bars', 'aria-busy': 'true' }, h('i'), h('i'), h('i'))];
      },
    );
    const first = messages[0]?.id ?? 0;
    // What came in above must not move what is being read.
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    else if (first < oldest) log.scrollTop = log.scrollHeight - fromEnd;
    oldest = first;
  }

  /** Puts into the log what has changed; whoever was on something that went is on the log then. */
  function show(stand: unknown, make: () => Node[]): void {
    const next = JSON.stringify(stand);
    if (next === shown) return;
    shown = next;
    const before = shadow.activeElement;
    log.replaceChildren(...make());
    if (before !== shadow.activeElement) log.focus({ preventScroll: true });
  }

  const hello = () =>
    h(
      'div',
      { class: 'hello' },
      h('b', {}, config.greeting ?? words.greeting),
      h('p', {}, words.greetingText),
    );
  const preChat = preChatCard(words, config.preChat, (who) => {
    asked = false;
    void conversation.identify(who).then(() => begin());
    render(conversation.state);
    box.focus();
  });

  function begin(): void {
    if (!asked) conversation.begin().catch(() => {});
  }

  function send(): void {
    const text = box.value.trim();
    if (text === '') return;
    box.value = '';
    grow();
    conversation.write(text).catch(() => {});
    log.scrollTop = log.scrollHeight;
  }

  function attach(files: Iterable<File>): void {
    for (const file of [...files].slice(0, 10)) void conversation.uploads.add(file);
    log.scrollTop = log.scrollHeight;
  }

  function grow(): void {
    go.disabled = box.value.trim() === '';
    box.rows = Math.min(5, box.value.split('\n').length + Math.floor(box.value.length / 44));
    if (box.value !== '') conversation.tellTyping();
  }

  function toggle(next = !isOpen): void {
    if (isInline || next === isOpen) return;
    isOpen = next;
    panel.hidden = !next;
    root.classList.toggle('open', next);
    launch.setAttribute('aria-expanded', String(next));
    storage.write({ isOpen: next });
    emit(next ? 'open' : 'close', undefined);
    if (next) {
      begin();
      render(conversation.state);
      log.scrollTop = log.scrollHeight;
      conversation.seen();
      if (!asked) box.focus();
    } else launch.focus();
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') toggle(false);
  }

  const onTab = (event: KeyboardEvent) => {
    if (isOpen && !isInline && matchMedia('(max-width:520px)').matches) keepFocus(event, panel, shadow);
  };

  const unpaint = followTheme(host, config.theme);
  const onVisible = () => {
    if (isOpen && document.visibilityState === 'visible') conversation.seen();
  };
  const unwatch = storage.watch(() => {
    if ((storage.read().seenId ?? 0) >= (conversation.state.messages.at(-1)?.id ?? 1))
      render({ ...conversation.state, unread: 0 });
  });
  document.addEventListener('visibilitychange', onVisible);
  document.addEventListener('keydown', onTab, true);
  panel.addEventListener('keydown', onKey);
  takeFiles(panel, attach);
  shadow.append(root);
  (isInline ? (document.querySelector(config.target ?? '') ?? document.body) : document.body).append(host);
  render(conversation.state);
  if (isInline || conversation.isKnown) begin();
  if (storage.read().isOpen && innerWidth > 520) toggle(true);

  return {
    open: () => toggle(true),
    close: () => toggle(false),
    identify: (identity) => conversation.identify(identity),
    setAttributes: (attributes) => conversation.identify({ attributes }),
    on(name, listener) {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener as never));
      return () => all.delete(listener as never);
    },
    destroy() {
      conversation.end();
      unwatch();
      unpaint();
      document.removeEventListener('visibilitychange', onVisible);
      document.removeEventListener('keydown', onTab, true);
      host.remove();
    },
  };
}
