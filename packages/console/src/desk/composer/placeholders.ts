import type { Placeholder } from '../../shared/sdk.ts';

/** Values for placeholders of canned replies; `null` if unknown. */
export type PlaceholderValues = Readonly<Record<Placeholder, string | null>> & {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

const pattern = /\{\{\s*([^{}|]*?)\s*(?:\|([^{}]*))?\}\}/g;

/** Reads an own property only: `{{toString}}` must not resolve. */
const own = (known: object, name: string): unknown =>
  new Map<string, unknown>(Object.entries(known)).get(name);

/** Replaces placeholders by known values. `{{name|fallback}}` gives a fallback for unknown ones. */
export function fillPlaceholders(text: string, facts: PlaceholderValues): string {
  return text.replace(pattern, (whole, name: string, instead: string | undefined) => {
    const attribute = /^customer\.attributes\.(.+)$/.exec(name)?.[1];
    const known = attribute === undefined ? own(facts, name) : own(facts.attributes, attribute);
    return known === undefined || known === null || known === '' || typeof known === 'object'
      ? (instead?.trim() ?? whole)
      : String(known);
  });
}

/** The first unfilled placeholder of a text and its position. */
export function findPlaceholder(text: string): { readonly text: string; readonly at: number } | undefined {
  const match = [...text.matchAll(pattern)][0];
  return match ? { text: match[0], at: match.index } : undefined;
}
