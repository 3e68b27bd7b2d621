import type { WidgetConfig } from './config.ts';
import type { Identity } from './conversation-state.ts';
import { h } from './dom.ts';
import type { Words } from './locales/en.ts';

/** What is asked before the conversation begins. */
export function preChatCard(
  words: Words,
  fields: WidgetConfig['preChat'],
  onDone: (who: Identity) => void,
): HTMLElement {
  const inputs = fields.map((field) =>
    h('input', {
      name: field,
      type: field === 'email' ? 'email' : 'text',
      autocomplete: field,
      required: true,
      maxlength: field === 'email' ? 320 : 200,
    }),
  );
  return h(
    'form',
    {
      class: 'card',
      onsubmit: (event: Event) => {
        event.preventDefault();
        onDone(Object.fromEntries(inputs.map(({ name, value }) => [name, value.trim()])));
      },
    },
    ...inputs.map((input) => h('label', {}, words[input.name as 'email' | 'name'], input)),
    h('button', { class: 'big', type: 'submit' }, words.begin),
  );
}

/** How it was: stars, and a word. */
export function ratingCard(
  words: Words,
  onDone: (score: number, comment: string) => Promise<void>,
): HTMLElement {
  let score = 0;
  const comment = h('input', {
    type: 'text',
    maxlength: 2000,
    'aria-label': words.rateComment,
    placeholder: words.rateComment,
  });
  const send = h('button', { class: 'big', type: 'submit', disabled: true }, words.rateSend);
  const choose = (next: number) => {
    score = next;
    send.disabled = false;
    for (const [at, star] of stars.entries()) {
      star.setAttribute('aria-checked', String(at < next));
      star.tabIndex = at === next - 1 ? 0 : -1;
    }
    stars[next - 1]?.focus();
  };
  const stars = [1, 2, 3, 4, 5].map((value) =>
    h(
      'button',
      {
        type: 'button',
        role: 'radio',
        'aria-checked': 'false',
        'aria-label': `${value} ${words.stars}`,
        tabindex: value === 1 ? 0 : -1,
        onclick: () => choose(value),
        onkeydown: (event: KeyboardEvent) => {
          const by = ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 } as Record<string, number>)[
            event.key
          ];
          if (by === undefined) return;
          event.preventDefault();
          choose(Math.min(5, Math.max(1, (score || value) + by)));
        },
      },
      '★',
    ),
  );
  return h(
    'form',
    {
      class: 'card',
      onsubmit: (event: Event) => {
        event.preventDefault();
        send.disabled = true;
        onDone(score, comment.value).catch(() => {
          send.disabled = false;
        });
      },
    },
    h('b', { id: 'rate' }, words.rate),
    h('div', { class: 'stars', role: 'radiogroup', 'aria-labelledby': 'rate' }, ...stars),
    comment,
    send,
  );
}
