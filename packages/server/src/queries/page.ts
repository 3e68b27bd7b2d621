import { ProblemError } from '@mevrik/protocol';

/** A page of a list, newest first; `next` is the cursor of the page after it. */
export interface ListPage<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** Which page is asked for. */
export interface ListRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * The id before which a page begins.
 * @throws ProblemError `invalid_input` for a cursor that is none of ours.
 */
export function beforeId({ cursor }: ListRequest): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const id = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new ProblemError('invalid_input', 'The cursor is not valid. Use the `next` of a previous page.', {
    fields: [{ path: 'cursor', message: 'is not a valid cursor' }],
  });
}

/** Makes a page of rows that were read with one more than fits. */
export function pageOf<Row extends { readonly id: number }, Item>(
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
