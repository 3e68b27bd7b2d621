import { readEmail } from '../channels/email/read-email.ts';
import { type RenderedEmail, renderEmail } from '../channels/email/render-email.ts';

/** A stored email as agents see it. */
export function showEmail(raw: Buffer): Promise<RenderedEmail> {
  return renderEmail(raw);
}

/** An attachment of a stored email by its index, from 0; `undefined` if the email has no such attachment. */
export async function readEmailAttachment(
  raw: Buffer,
  index: number,
): Promise<{ readonly name: string; readonly content: Buffer } | undefined> {
  const { files } = await readEmail(raw, null);
  return files[index];
}
