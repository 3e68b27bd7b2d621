import type { Message, Page } from '@mevrik/protocol';
import type { Files } from '../attachments/files.ts';

/** The same page of messages, with links to attachments that work for some hours. */
export function withSignedFiles(files: Pick<Files, 'sign'>, { items, next }: Page<Message>): Page<Message> {
  return {
    items: items.map((message) => ({ ...message, content: files.sign(message.content) })),
    next,
  };
}
