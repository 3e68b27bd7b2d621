import { ProblemError } from '@mevrik/protocol';

/** Which page of a list is asked for. */
export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** A page of a list; `next` is the cursor of the page after it. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** Makes a page of rows that were read with one more than fits; `placeOf` is what the next page begins after. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  placeOf: (row: Row) => readonly (string | number)[],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(toItem), next: last === undefined ? null : encodePlace(placeOf(last)) };
}

/**
 * The place that a cursor stands for; `undefined` for the first page.
 *
 * @param isPlace whether it has the form of one that was given out: what is stored never has another.
 * @throws ProblemError `bad_request` for a cursor that is none of ours.
 */
export function placeOf<Place extends readonly (string | number)[]>(
  { cursor }: Pick<PageRequest, 'cursor'>,
  isPlace: (given: readonly unknown[]) => boolean,
): Place | undefined {
  if (cursor === undefined) return undefined;
  try {
    const given = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (Array.isArray(given) && isPlace(given)) return given as unknown as Place;
  } catch {}
  throw new ProblemError('bad_request', 'The cursor is not one that this list gave out.');
}

/** Whether it is a text that PostgreSQL takes. */
export function isText(given: unknown): given is string {
  return typeof given === 'string' && !given.includes('\0');
}

function encodePlace(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}
