import type { Language, WidgetConfig } from './config.ts';
import type { ConversationState } from './conversation-state.ts';
import { h, icon, initials } from './dom.ts';
import { isInQueue } from './session-subscription.ts';

/** The agent and their availability, and the queue position below. */
export interface Header {
  readonly element: HTMLElement;
  readonly line: HTMLElement;
  show(state: ConversationState): void;
}

type Presence = 'away' | 'off' | 'on' | undefined;

/** Creates the panel's header; `buttons` go to its end. */
export function createHeader(
  config: WidgetConfig,
  language: Language,
  buttons: readonly (HTMLElement | false)[],
): Header {
  const { words, locale } = language;
  const title = h('bdi', {});
  const subtitle = h('span', { role: 'status' });
  const sign = h('span', { class: 'face' });
  const dot = h('i', { class: 'dot', 'aria-hidden': 'true' });
  const line = h('div', { class: 'line', role: 'status', hidden: true });
  let face = '';

  return {
    element: h(
      'header',
      {},
      h('div', { class: 'faces', 'aria-hidden': 'true' }, sign, dot),
      h('div', { class: 'who' }, h('b', { id: 'title' }, title), subtitle),
      ...buttons,
    ),
    line,
    show(state) {
      const agent = agentIn(state);
      const { presence, text } = presenceIn(state, language);
      write(title, agent?.name ?? config.title ?? words.title);
      write(subtitle, text);
      dot.className = `dot ${presence ?? ''}`;
      dot.hidden = presence === undefined;
      const next = agent ? initials(agent.name) : '';
      if (next !== face || sign.firstChild === null) sign.replaceChildren(next === '' ? icon('chat') : next);
      face = next;
      // Outside business hours the queue does not move, so hide the position.
      line.hidden = !isInQueue(state.session) || state.opening?.isOpen === false;
      write(line, line.hidden ? '' : lineText(state, words, locale));
    },
  };
}

function agentIn({ session, agent }: ConversationState) {
  return session?.agentType === 'live' && !isInQueue(session) ? agent : undefined;
}

/** The availability of the agent or, without one, of the team. */
function presenceIn(
  state: ConversationState,
  { words, locale }: Language,
): { readonly presence: Presence; readonly text: string } {
  const agent = agentIn(state);
  if (agent?.availability === 'online') return { presence: 'on', text: words.agentOnline };
  if (agent?.availability === 'away') return { presence: 'away', text: words.agentAway };
  if (agent) return { presence: 'off', text: words.agentOffline };
  const { opening } = state;
  if (!opening) return { presence: undefined, text: '' };
  if (!opening.isOpen) return { presence: 'off', text: closedText(words, locale, opening.changesAt) };
  return opening.isStaffed
    ? { presence: 'on', text: words.teamOnline }
    : { presence: 'off', text: words.replySoon };
}

/** "Away", and when the team is back. */
function closedText(words: Language['words'], locale: string, opensAt: string | null): string {
  if (opensAt === null) return words.closed;
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
  return words.opensAt.replace('{time}', day.format(new Date(opensAt)));
}

const longMinutes = 60;

function lineText({ queuePosition }: ConversationState, words: Language['words'], locale: string): string {
  if (!queuePosition) return words.inQueue;
  const { position, estimateMinutes } = queuePosition;
  const positionText =
    position === 1
      ? words.nextInQueue
      : words.queuePosition.replace('{n}', new Intl.NumberFormat(locale).format(position));
  if (estimateMinutes === null) return positionText;
  if (estimateMinutes > longMinutes) return `${positionText} ${words.longWait}`;
  const time = new Intl.NumberFormat(locale, { style: 'unit', unit: 'minute', unitDisplay: 'long' });
  return `${positionText} ${words.estimatedWait.replace('{time}', time.format(estimateMinutes))}`;
}

/** Unchanged text is not written: screen readers would announce it again. */
function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
