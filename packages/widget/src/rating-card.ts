import type { Language } from './config.ts';
import { h } from './dom.ts';

/** A score in words. */
export function starsText(score: number, { words, locale }: Language): string {
  return words.stars.replace('{n}', new Intl.NumberFormat(locale).format(score));
}

/** The survey: stars and a comment. */
function ratingCard(
  language: Language,
  onDone: (score: number, comment: string) => Promise<void>,
): HTMLElement {
  const { words } = language;
  let score = 0;
  const comment = h('input', {
    type: 'text',
    maxlength: 2000,
    'aria-label': words.rateComment,
    placeholder: words.rateComment,
  });
  const send = h('button', { class: 'big', type: 'submit', disabled: true }, words.sendRating);
  const choose = (next: number) => {
    score = next;
    send.disabled = false;
    for (const [at, star] of stars.entries()) {
      star.setAttribute('aria-checked', String(at === next - 1));
      star.className = at < next ? 'on' : '';
      star.textContent = at < next ? '★' : '☆';
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
        'aria-label': starsText(value, language),
        tabindex: value === 1 ? 0 : -1,
        onclick: () => choose(value),
        onkeydown: (event: KeyboardEvent) => {
          const forward = getComputedStyle(event.target as Element).direction === 'rtl' ? -1 : 1;
          const by = (
            { ArrowRight: forward, ArrowUp: 1, ArrowLeft: -forward, ArrowDown: -1 } as Record<string, number>
          )[event.key];
          if (by === undefined) return;
          event.preventDefault();
          choose(Math.min(5, Math.max(1, (score || value) + by)));
        },
      },
      '☆',
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
          // The customer can try again.
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

/** Creates the survey's card once and keeps it while the survey is open, so that a half-filled rating is not lost. */
export function keepRatingCard(
  language: Language,
  rate: (score: number, comment: string) => Promise<void>,
): (isOpen: boolean) => HTMLElement | undefined {
  let card: HTMLElement | undefined;
  return (isOpen) => {
    card = isOpen ? (card ?? ratingCard(language, rate)) : undefined;
    return card;
  };
}
