import { ar } from './locales/ar.ts';
import { bn } from './locales/bn.ts';
import { en, type Words } from './locales/en.ts';

/** Something asked before the conversation: `name`, `email`, `phone`, or what it is called itself. */
export interface PreChatField {
  readonly name: string;
  readonly isRequired: boolean;
}

/** What `Mevrik.init` takes: lists as in the attributes, or as lists. */
export type ConfigInput = Partial<Omit<WidgetConfig, 'preChat' | 'without'>> & {
  readonly preChat?: string | readonly string[];
  readonly without?: string | readonly string[];
};

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
  readonly preChat: readonly PreChatField[];
  /** What it does without. */
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

/** A form that asks for more is not filled in. */
const mostFields = 8;

/** `name` is needed, `name?` is not. */
function preChatOf(asked: readonly string[]): PreChatField[] {
  return asked.slice(0, mostFields).map((one) => ({
    name: one.replace(/\s*\?$/, '').slice(0, 64),
    isRequired: !one.endsWith('?'),
  }));
}

function themeOf(theme: string | undefined): WidgetConfig['theme'] {
  return theme === 'dark' || theme === 'light' ? theme : 'auto';
}

/** A language, as it is spoken, written and counted in. */
export interface Speech {
  readonly words: Words;
  readonly language: string;
  /** For numbers and times: as the visitor has it, where we speak that. */
  readonly locale: string;
  readonly isRightToLeft: boolean;
}

/** What the widget says in a locale, English where we have no words. */
export function speechFor(locale: string): Speech {
  const asked = locale.toLowerCase().split('-')[0] ?? 'en';
  const language = Object.hasOwn(languages, asked) ? asked : 'en';
  const isKnown = language === asked && isLocale(locale);
  return {
    words: languages[language] ?? en,
    language,
    locale: isKnown ? locale : language,
    isRightToLeft: rightToLeft.has(language),
  };
}

function isLocale(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length > 0;
  } catch {
    return false;
  }
}
