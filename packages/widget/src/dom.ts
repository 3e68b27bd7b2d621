type Child = Node | string | undefined | false;
type Props = Readonly<Record<string, unknown>>;

/** Creates an element. `on…` props are listeners, others attributes; text is never parsed as HTML. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child !== undefined && child !== false),
  );
  return element;
}

const paths = {
  chat: 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M4 12l16-8-5 16-3.5-6.5z',
  video: 'M15 10l5-3v10l-5-3zM4 6h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1z',
  sound: 'M4 9v6h4l5 4V5L8 9zM17 9a4 4 0 0 1 0 6',
  muted: 'M4 9v6h4l5 4V5L8 9zM17 9.5l4 5M21 9.5l-4 5',
  down: 'M12 5v14M6 13l6 6 6-6',
  clip: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.6 8.5a1.7 1.7 0 0 1-2.4-2.4L14.5 7.5',
  file: 'M7 3h7l5 5v13H7zM14 3v5h5',
  done: 'M4 12.5l5.5 5.5L20 7',
} as const;

/** A decorative icon. */
export function icon(name: keyof typeof paths): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}

const linkPattern = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

const followed = new Set(['http:', 'https:', 'mailto:']);

/** The URL if its scheme is safe to link to, so no `javascript:`. */
export function safeUrl(url: string): string | undefined {
  try {
    return followed.has(new URL(url, location.href).protocol) ? url : undefined;
  } catch {
    // Not a URL.
    return undefined;
  }
}

/** The text with its URLs as links. */
export function linkify(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const match of text.matchAll(linkPattern)) {
    parts.push(text.slice(at, match.index));
    parts.push(h('a', { href: match[0], target: '_blank', rel: 'noopener noreferrer' }, match[0]));
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** Traps Tab inside a full-screen panel, which hides the page behind it. */
export function trapFocus(event: KeyboardEvent, panel: HTMLElement, shadow: ShadowRoot): void {
  if (event.key !== 'Tab') return;
  const stops = [...panel.querySelectorAll<HTMLElement>('button,textarea,input,a,[tabindex="0"]')].filter(
    (one) => one.offsetParent !== null && !(one as HTMLButtonElement).disabled,
  );
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  const { activeElement } = shadow;
  // The focused element may have been removed by a re-render.
  if (activeElement !== null && activeElement !== edge && panel.contains(activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}

/** Fits the panel to the space above the on-screen keyboard. @returns a function that stops it. */
export function followViewport(root: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const fit = () => {
    // While zoomed in, the viewport is only a part of the page.
    if (view.scale > 1.01) return;
    root.style.setProperty('--m-top', `${Math.max(0, view.offsetTop)}px`);
    root.style.setProperty('--m-height', `${view.height}px`);
  };
  const events = ['resize', 'scroll'] as const;
  for (const name of events) view.addEventListener(name, fit);
  fit();
  return () => {
    for (const name of events) view.removeEventListener(name, fit);
  };
}

/** Applies the theme and follows the system's if `auto`. @returns a function that stops it. */
export function followTheme(host: HTMLElement, theme: 'auto' | 'dark' | 'light'): () => void {
  const dark = matchMedia('(prefers-color-scheme:dark)');
  const paint = () => {
    host.dataset.theme = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
  };
  paint();
  dark.addEventListener('change', paint);
  return () => dark.removeEventListener('change', paint);
}

/** Up to two initials of a name. */
export function initials(name: string): string {
  const [first = '', second = ''] = name.trim().split(/\s+/);
  return ((first[0] ?? '') + (second[0] ?? '')).toUpperCase();
}
