/** A pattern for `LIKE` and `ILIKE` that matches every text that contains this one. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
