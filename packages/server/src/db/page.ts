import { type Page, ProblemError } from '@mevrik/protocol';

/** Which page of a list is requested. */
export interface ListRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What the last row of a page is ordered by. */
type PagePosition = readonly (string | number)[];

/** Makes a page of rows that are ordered by id, newest first. One row more than `limit` must have been read. */
export function toListPage<Row extends { readonly id: number }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item>;
/** Makes a page of rows that are ordered by `positionOf`. One row more than `limit` must have been read. */
export function toListPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  positionOf: (row: Row) => PagePosition,
): Page<Item>;
/** Makes a page of rows; one row more than `limit` must have been read. */
export function toListPage<Row extends { readonly id?: number }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  positionOf: (row: Row) => PagePosition = ({ id = 0 }) => [id],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(toItem), next: last === undefined ? null : encodePosition(positionOf(last)) };
}

/**
 * The id before which a page of a list ordered by id begins.
 * @throws ProblemError `invalid_input` for a cursor that this list did not return.
 */
export function beforeId(page: Pick<ListRequest, 'cursor'>): number {
  const isId = ([id]: readonly unknown[]) => typeof id === 'number' && Number.isSafeInteger(id) && id > 0;
  const [id] = readCursor<readonly [number]>(page, isId) ?? [Number.MAX_SAFE_INTEGER];
  return id;
}

/**
 * The position after which a page begins; `undefined` for the first page.
 *
 * @param isPosition whether the decoded cursor has the form that this list returns.
 * @throws ProblemError `invalid_input` for a cursor that this list did not return.
 */
export function readCursor<Position extends PagePosition>(
  { cursor }: Pick<ListRequest, 'cursor'>,
  isPosition: (decoded: readonly unknown[]) => boolean,
): Position | undefined {
  return cursor === undefined ? undefined : decodePosition<Position>(cursor, isPosition);
}

/** A position as opaque text. */
export function encodePosition(position: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * Reads a text that `encodePosition` returned.
 *
 * @param isPosition whether the decoded position has the form that is expected.
 * @param field the field that contains it, and what an error calls it.
 * @throws ProblemError `invalid_input` for any other text.
 */
export function decodePosition<Position extends readonly unknown[]>(
  text: string,
  isPosition: (decoded: readonly unknown[]) => boolean,
  field = { path: 'cursor', name: 'cursor' },
): Position {
  let cause: unknown;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(decoded) && isPosition(decoded)) return decoded as unknown as Position;
  } catch (error) {
    cause = error;
  }
  throw new ProblemError('invalid_input', `The ${field.name} is not valid for this list.`, {
    cause,
    fields: [{ path: field.path, message: 'is not valid for this list' }],
  });
}
