import { MevrikError } from './sdk.ts';

/** The message to show for an error: the server's, if it sent one. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof MevrikError)) return 'Something went wrong. Reload the page and try again.';
  const [field] = error.fields;
  return field && !error.message.includes(field.message)
    ? `${error.message} ${field.path}: ${field.message}`
    : error.message;
}
