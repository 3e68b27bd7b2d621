import type { Placeholder } from '../../shared/sdk.ts';

/** What is known where a canned reply is used; what is not is `null`. */
export type PlaceholderValues = Readonly<Record<Placeholder, string | null>> & {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

const pattern = /\{\{\s*([^{}|]*?)\s*(?:\|([^{}]*))?\}\}/g;

/** What is said under a name, and not what every object has. */
const own = (known: object, name: string): unknown =>
  Object.hasOwn(known, name) ? (known as Readonly<Record<string, unknown>>)[name] : undefined;

/** Puts what is known into a text. `{{name|instead}}` has a text of its own for where it is not known. */
export function fillPlaceholders(text: string, facts: PlaceholderValues): string {
  return text.replace(pattern, (whole, name: string, instead: string | undefined) => {
    const attribute = /^customer\.attributes\.(.+)$/.exec(name)?.[1];
    const known = attribute === undefined ? own(facts, name) : own(facts.attributes, attribute);
    return known === undefined || known === null || known === '' || typeof known === 'object'
      ? (instead?.trim() ?? whole)
      : String(known);
  });
}

/** The first placeholder of a text that nobody has filled in, and where it stands. */
export function findPlaceholder(text: string): { readonly text: string; readonly at: number } | undefined {
  const match = [...text.matchAll(pattern)][0];
  return match ? { text: match[0], at: match.index } : undefined;
}
