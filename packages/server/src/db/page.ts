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
  return { items: shown.map(toItem), next: last === undefined ? null : encodeCursor(positionOf(last)) };
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
  if (cursor === undefined) return undefined;
  let cause: unknown;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(decoded) && isPosition(decoded)) return decoded as unknown as Position;
  } catch (error) {
    cause = error;
  }
  throw new ProblemError('invalid_input', 'The cursor is not valid for this list.', {
    cause,
    fields: [{ path: 'cursor', message: 'is not valid for this list' }],
  });
}

function encodeCursor(position: PagePosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}
