import { h, icon } from './dom.ts';
import type { Words } from './locales/en.ts';

/** Something in the log. One with the same key is the same, and stays as it is. */
export interface LogEntry {
  readonly key: string;
  readonly make: () => HTMLElement;
}

/** The part of the panel in which the conversation is. */
export interface MessageLog {
  readonly element: HTMLElement;
  /**
   * Shows these. A conversation is followed where the visitor is at its end, a form is read from its beginning;
   * `oldest` is the first message's number.
   */
  show(lines: readonly LogEntry[], oldest: number, isConversation: boolean): void;
  focus(): void;
  toEnd(): void;
  /** Something new was said: where it cannot be seen, that is shown. */
  announceNewMessages(): void;
}

/** Makes the log. What stays is not made anew, so that screen readers say what is new, and nothing twice. */
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

  /** Whoever was on something that went is on the log then. */
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
      // What came in above must not move what is being read.
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
