import type { Message } from '@mevrik/protocol';
import type { Files } from '../attachments/files.ts';
import type { Page } from '../queries/page.ts';

/** A page of messages whose files can be opened now. */
export function signed(files: Pick<Files, 'sign'>, { items, next }: Page<Message>): Page<Message> {
  return { items: items.map((one) => ({ ...one, content: files.sign(one.content) })), next };
}
