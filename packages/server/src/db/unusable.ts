/** The database cannot be used as things are. The message tells whoever starts the server what to do. */
export class DatabaseUnusableError extends Error {
  override name = 'DatabaseUnusableError';
}
