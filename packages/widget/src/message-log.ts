import { h, icon } from './dom.ts';
import type { Words } from './locales/en.ts';

/** An entry of the log. Entries with the same key keep their element. */
export interface LogEntry {
  readonly key: string;
  readonly make: () => HTMLElement;
}

/** The scrolling part of the panel. */
export interface MessageLog {
  readonly element: HTMLElement;
  /**
   * Renders the entries. A conversation scrolls along if the visitor is at its end; a form stays at its top.
   * `oldest` is the id of the first message.
   */
  show(lines: readonly LogEntry[], oldest: number, isConversation: boolean): void;
  focus(): void;
  toEnd(): void;
  /** Shows the "New messages" button if the end is out of view. */
  announceNewMessages(): void;
}

/** Creates the log. Existing elements are reused, so that screen readers announce only new entries. */
export function createMessageLog(words: Words, shadow: ShadowRoot, onReachTop: () => void): MessageLog {
  let shown = new Map<string, HTMLElement>();
  let first = 0;
  const log = h('div', {
    class: 'log',
    role: 'log',
    'aria-label': words.conversation,
    tabindex: 0,
    onscroll: () => {
      if (log.scrollTop < 120) onReachTop();
      if (isAtEnd()) down.hidden = true;
    },
  });
  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
    down.hidden = true;
  };
  const down = h(
    'button',
    { class: 'down', type: 'button', hidden: true, onclick: toEnd },
    icon('down'),
    words.newMessages,
  );
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;

  /** If the focused entry is removed, the log gets the focus. */
  function put(lines: readonly LogEntry[]): void {
    const focused = shadow.activeElement;
    const next = new Map(lines.map(({ key, make }) => [key, shown.get(key) ?? make()]));
    for (const [key, node] of shown) if (!next.has(key)) node.remove();
    let at = log.firstChild;
    for (const node of next.values()) {
      if (node === at) at = at.nextSibling;
      else log.insertBefore(node, at);
    }
    shown = next;
    if (focused && focused !== shadow.activeElement) log.focus({ preventScroll: true });
  }

  return {
    element: h('div', { class: 'middle' }, log, down),
    focus: () => log.focus({ preventScroll: true }),
    show(lines, oldest, isConversation) {
      const fromEnd = log.scrollHeight - log.scrollTop;
      const wasAtEnd = isAtEnd();
      put(lines);
      // Messages loaded above must not move the view.
      if (wasAtEnd && isConversation) toEnd();
      else if (oldest < first) log.scrollTop = log.scrollHeight - fromEnd;
      first = oldest;
    },
    toEnd,
    announceNewMessages() {
      if (!isAtEnd()) down.hidden = false;
    },
  };
}
