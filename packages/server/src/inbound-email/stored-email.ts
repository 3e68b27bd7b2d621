import { readMail } from '../channels/email/read-mail.ts';
import { type ShownMail, showMail } from '../channels/email/show-mail.ts';

/** A stored email as agents see it. */
export function showEmail(raw: Buffer): Promise<ShownMail> {
  return showMail(raw);
}

/** An attachment of a stored email by its index, from 0; `undefined` where the email has no such attachment. */
export async function readEmailAttachment(
  raw: Buffer,
  index: number,
): Promise<{ readonly name: string; readonly content: Buffer } | undefined> {
  const { files } = await readMail(raw, null);
  return files[index];
}
