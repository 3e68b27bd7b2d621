import { MevrikError } from './sdk.ts';

/** What to tell people of an error: the server's own words where it has some. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof MevrikError)) return 'Something went wrong. Reload the page and try again.';
  const [field] = error.fields;
  return field ? `${error.message} ${field.path}: ${field.message}` : error.message;
}
