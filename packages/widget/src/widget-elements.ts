import { type Composer, type ComposerActions, createComposer } from './composer.ts';
import type { Language, WidgetConfig } from './config.ts';
import type { ConversationState } from './conversation-state.ts';
import { h, icon } from './dom.ts';
import { createHeader, type Header } from './header.ts';
import type { Words } from './locales/en.ts';
import { createMessageLog, type MessageLog } from './message-log.ts';
import { soundButton } from './sound.ts';
import type { WidgetStorage } from './storage.ts';
import { styles } from './styles.ts';
import { textColorOn } from './text-color.ts';

/** What the elements call when the visitor uses them. */
interface ElementActions extends ComposerActions {
  readonly toggle: () => void;
  readonly close: () => void;
  readonly retry: () => void;
  readonly loadOlder: () => void;
}

/** The elements of the widget that exist as long as it does. */
export interface WidgetElements {
  readonly host: HTMLElement;
  readonly shadow: ShadowRoot;
  readonly root: HTMLElement;
  readonly panel: HTMLElement;
  readonly launch: HTMLElement;
  readonly badge: HTMLElement;
  readonly close: HTMLElement;
  readonly header: Header;
  readonly notice: Notice;
  readonly log: MessageLog;
  readonly typing: HTMLElement;
  readonly composer: Composer;
  /** The greeting of an empty conversation. */
  readonly hello: HTMLElement;
  readonly loading: HTMLElement;
}

/** The banner below the header, for connection problems. */
interface Notice {
  readonly element: HTMLElement;
  readonly text: HTMLElement;
  readonly retry: HTMLElement;
}

/** Creates the elements and puts them together. They are not on the page yet. */
export function createElements(
  config: WidgetConfig,
  language: Language,
  storage: WidgetStorage,
  actions: ElementActions,
): WidgetElements {
  const { words } = language;
  const isInline = config.target !== undefined;
  const host = h('div', { 'data-mevrik': true });
  const shadow = host.attachShadow({ mode: 'open', delegatesFocus: true });
  shadow.adoptedStyleSheets = [styleSheet(config.color)];
  const badge = h('span', { class: 'badge', hidden: true });
  const launch = h(
    'button',
    { class: 'launch', type: 'button', 'aria-expanded': 'false', onclick: actions.toggle },
    icon('chat'),
    badge,
  );
  const close = h(
    'button',
    { type: 'button', 'aria-label': words.close, onclick: actions.close },
    icon('close'),
  );
  const header = createHeader(config, language, [
    !config.without.has('sound') && soundButton(words, storage),
    !isInline && close,
  ]);
  const notice = createNotice(words.retry, actions.retry);
  const log = createMessageLog(words, shadow, actions.loadOlder);
  const typing = h('div', { class: 'typing', 'aria-live': 'polite' });
  const composer = createComposer(config, words, actions);
  const panel = h(
    'div',
    { class: 'panel', role: isInline ? 'region' : 'dialog', 'aria-labelledby': 'title', hidden: !isInline },
    header.element,
    header.line,
    notice.element,
    log.element,
    typing,
    composer.element,
  );
  const root = createRoot(config, language, panel, launch);
  shadow.append(root);
  return {
    host,
    shadow,
    root,
    panel,
    launch,
    badge,
    close,
    header,
    notice,
    log,
    typing,
    composer,
    hello: h(
      'div',
      { class: 'hello' },
      h('b', { dir: 'auto' }, config.greeting ?? words.greeting),
      h('p', {}, words.greetingText),
    ),
    loading: h('div', { class: 'bars', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')),
  };
}

function createRoot(
  config: WidgetConfig,
  { code, isRightToLeft }: Language,
  panel: HTMLElement,
  launch: HTMLElement,
): HTMLElement {
  const isInline = config.target !== undefined;
  return h(
    'div',
    {
      class: `root ${isInline ? 'inline' : 'floating'} ${config.position === 'left' ? 'left' : ''}`,
      lang: code,
      dir: isRightToLeft ? 'rtl' : 'ltr',
    },
    panel,
    !isInline && launch,
  );
}

function createNotice(label: string, onRetry: () => void): Notice {
  const retry = h('button', { type: 'button', onclick: onRetry }, label);
  const text = h('span', {});
  return {
    element: h('div', { class: 'notice', role: 'status', hidden: true }, text, ' ', retry),
    text,
    retry,
  };
}

function styleSheet(color: string | undefined): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  const textColor = color === undefined ? undefined : textColorOn(color);
  if (textColor === undefined) return sheet;
  const value = color?.replace(/[;{}]/g, '');
  sheet.insertRule(`:host{--m-color:${value};--m-on:${textColor}}`, sheet.cssRules.length);
  return sheet;
}

/** Shows whether the chat is offline or failed to load; hidden while all is well. */
export function showNotice(
  { element, text, retry }: WidgetElements['notice'],
  { phase, isConnected }: ConversationState,
  words: Words,
): void {
  const hasFailed = phase === 'failed';
  element.hidden = isConnected && !hasFailed;
  text.textContent = element.hidden ? '' : hasFailed ? words.unavailable : words.offline;
  retry.hidden = !hasFailed;
}

/** Shows the number of unread replies on the launcher; zero hides the badge. */
export function showUnread(
  { badge, launch }: Pick<WidgetElements, 'badge' | 'launch'>,
  words: Words,
  { count, format }: { readonly count: number; readonly format: (count: number) => string },
): void {
  badge.hidden = count === 0;
  badge.textContent = count > 9 ? `${format(9)}+` : format(count);
  const label = count === 0 ? words.open : `${words.open}. ${words.newMessages}: ${format(count)}`;
  launch.setAttribute('aria-label', label);
}
