import { ProblemError } from '@mevrik/protocol';

/** A page of a list, newest first; `next` is the cursor of the following page. */
export interface ListPage<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** The requested page of a list. */
export interface ListRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * The exclusive upper bound of the ids on a page.
 * @throws ProblemError `invalid_input` for an invalid cursor.
 */
export function beforeId({ cursor }: ListRequest): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const id = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new ProblemError('invalid_input', 'The cursor is not valid. Use the `next` of a previous page.', {
    fields: [{ path: 'cursor', message: 'is not a valid cursor' }],
  });
}

/** Builds a page from rows that were read with a limit of one more than fits. */
export function toListPage<Row extends { readonly id: number }, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): ListPage<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    items: shown.map(toItem),
    next: hasMore ? Buffer.from(String(last.id)).toString('base64url') : null,
  };
}
