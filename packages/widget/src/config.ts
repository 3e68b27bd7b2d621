import { ar } from './locales/ar.ts';
import { bn } from './locales/bn.ts';
import { en, type Words } from './locales/en.ts';

/** A pre-chat field: `name`, `email`, `phone`, or a custom attribute. */
export interface PreChatField {
  readonly name: string;
  readonly isRequired: boolean;
}

/** The options of `Mevrik.init`; lists may be arrays or comma-separated. */
export type ConfigInput = Partial<Omit<WidgetConfig, 'preChat' | 'without'>> & {
  readonly preChat?: string | readonly string[];
  readonly without?: string | readonly string[];
};

/** The widget's configuration, from `data-` attributes of the script or `Mevrik.init`. */
export interface WidgetConfig {
  /** The server; defaults to the script's origin. */
  readonly url: string;
  readonly appKey: string;
  /** The app's web channel. */
  readonly channel: string;
  readonly position: 'left' | 'right';
  readonly theme: 'auto' | 'dark' | 'light';
  /** A CSS colour. */
  readonly color: string | undefined;
  readonly locale: string;
  /** Selector of the element to render into instead of floating. */
  readonly target: string | undefined;
  /** The pre-chat fields. */
  readonly preChat: readonly PreChatField[];
  /** Features to leave out. */
  readonly without: ReadonlySet<string>;
  readonly title: string | undefined;
  readonly greeting: string | undefined;
}

const languages: Readonly<Record<string, Words>> = { en, bn, ar };
const rightToLeft = new Set(['ar']);

/** Reads the attributes of the script's element. */
export function readConfig(script: HTMLScriptElement | null, given: ConfigInput = {}): WidgetConfig {
  const data = script?.dataset ?? {};
  return {
    url: given.url ?? data.url ?? (script ? new URL(script.src).origin : location.origin),
    appKey: given.appKey ?? data.appKey ?? '',
    channel: given.channel ?? data.channel ?? 'web',
    position: (given.position ?? data.position) === 'left' ? 'left' : 'right',
    theme: themeOf(given.theme ?? data.theme),
    color: given.color ?? data.color,
    locale: given.locale ?? data.locale ?? (document.documentElement.lang || navigator.language || 'en'),
    target: given.target ?? data.target,
    preChat: preChatOf(listOf(given.preChat ?? data.preChat)),
    without: new Set(listOf(given.without ?? data.without)),
    title: given.title ?? data.title,
    greeting: given.greeting ?? data.greeting,
  };
}

function listOf(given: string | readonly string[] | undefined): string[] {
  const all = typeof given === 'string' ? given.split(',') : (given ?? []);
  return all.map((one) => one.trim()).filter((one) => one !== '');
}

/** Maximum number of pre-chat fields. */
const mostFields = 8;

/** `name` is required, `name?` optional. */
function preChatOf(asked: readonly string[]): PreChatField[] {
  return asked.slice(0, mostFields).map((one) => ({
    name: one.replace(/\s*\?$/, '').slice(0, 64),
    isRequired: !one.endsWith('?'),
  }));
}

function themeOf(theme: string | undefined): WidgetConfig['theme'] {
  return theme === 'dark' || theme === 'light' ? theme : 'auto';
}

/** The texts, number format and direction of a language. */
export interface Language {
  readonly words: Words;
  /** `en`, `bn` or `ar`. */
  readonly code: string;
  /** For numbers and dates: the visitor's locale if its language is supported. */
  readonly locale: string;
  readonly isRightToLeft: boolean;
}

/** The language for a locale; English if it is not supported. */
export function languageFor(locale: string): Language {
  const asked = locale.toLowerCase().split('-')[0] ?? 'en';
  const code = Object.hasOwn(languages, asked) ? asked : 'en';
  const isSupported = code === asked && isLocale(locale);
  return {
    words: languages[code] ?? en,
    code,
    locale: isSupported ? locale : code,
    isRightToLeft: rightToLeft.has(code),
  };
}

function isLocale(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length > 0;
  } catch {
    // Not a language tag.
    return false;
  }
}
