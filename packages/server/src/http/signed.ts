import type { Message } from '@mevrik/protocol';
import type { Files } from '../attachments/files.ts';
import type { ListPage } from '../queries/page.ts';

/** A page of messages whose files can be opened now. */
export function signed(files: Pick<Files, 'sign'>, { items, next }: ListPage<Message>): ListPage<Message> {
  return { items: items.map((one) => ({ ...one, content: files.sign(one.content) })), next };
}
