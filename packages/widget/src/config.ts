import { ar } from './locales/ar.ts';
import { bn } from './locales/bn.ts';
import { en, type Words } from './locales/en.ts';

/** What a page may say of its widget, by `data-` attributes of the script or to `Mevrik.init`. */
export interface WidgetConfig {
  /** The server: where the script comes from, where nothing is said. */
  readonly url: string;
  readonly appKey: string;
  /** The app's web channel. */
  readonly channel: string;
  readonly position: 'left' | 'right';
  readonly theme: 'auto' | 'dark' | 'light';
  /** A colour as CSS has it. */
  readonly color: string | undefined;
  readonly locale: string;
  /** In its place instead of floating: a selector. */
  readonly target: string | undefined;
  /** What is asked before the conversation begins. */
  readonly preChat: readonly ('email' | 'name')[];
  readonly title: string | undefined;
  readonly greeting: string | undefined;
}

const languages: Readonly<Record<string, Words>> = { en, bn, ar };
const rightToLeft = new Set(['ar']);

/** Reads the attributes of the script's element. */
export function readConfig(
  script: HTMLScriptElement | null,
  given: Partial<WidgetConfig> = {},
): WidgetConfig {
  const data = script?.dataset ?? {};
  const asked = (given.preChat ?? data.preChat?.split(',') ?? []) as readonly string[];
  return {
    url: given.url ?? data.url ?? (script ? new URL(script.src).origin : location.origin),
    appKey: given.appKey ?? data.appKey ?? '',
    channel: given.channel ?? data.channel ?? 'web',
    position: (given.position ?? data.position) === 'left' ? 'left' : 'right',
    theme: themeOf(given.theme ?? data.theme),
    color: given.color ?? data.color,
    locale: given.locale ?? data.locale ?? (document.documentElement.lang || navigator.language || 'en'),
    target: given.target ?? data.target,
    preChat: (['name', 'email'] as const).filter((field) => asked.some((one) => one.trim() === field)),
    title: given.title ?? data.title,
    greeting: given.greeting ?? data.greeting,
  };
}

function themeOf(theme: string | undefined): WidgetConfig['theme'] {
  return theme === 'dark' || theme === 'light' ? theme : 'auto';
}

/** What the widget says in a locale, English where we have no words, and which way it is written. */
export function speak(locale: string): {
  readonly words: Words;
  readonly language: string;
  readonly isRightToLeft: boolean;
} {
  const asked = locale.toLowerCase().split('-')[0] ?? 'en';
  const language = asked in languages ? asked : 'en';
  return { words: languages[language] ?? en, language, isRightToLeft: rightToLeft.has(language) };
}
