/** The code of an error of Node or PostgreSQL, such as `ENOENT` or `23505`; `undefined` if it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
