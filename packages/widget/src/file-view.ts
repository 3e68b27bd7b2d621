import type { Attachment } from '@mevrik/protocol';
import type { Conversation } from './conversation.ts';
import type { Upload } from './conversation-state.ts';
import { h, icon, safeUrl } from './dom.ts';
import type { Words } from './locales/en.ts';

/** A picture can be seen where it is; anything else, and a picture that does not come, is a card with its name. */
export function fileView({ type, url, name: given }: Attachment, words: Words): HTMLElement {
  const name = given ?? words.file;
  const href = safeUrl(url);
  const link = h('a', { href, target: '_blank', rel: 'noopener noreferrer', class: 'file' });
  const showCard = () => {
    link.className = 'file';
    link.replaceChildren(icon('file'), name);
  };
  showCard();
  if (type !== 'image' || !href) return link;
  link.className = 'pic';
  link.replaceChildren(h('img', { src: href, alt: name, onerror: showCard }));
  return link;
}

/** A file on its way, or why it did not arrive. */
export function uploadView(
  { words, conversation }: { readonly words: Words; readonly conversation: Conversation },
  { key, file, fault }: Upload,
): Node[] {
  const shown = h('div', { class: 'msg mine wait' }, h('span', { class: 'file' }, icon('file'), file.name));
  if (fault === undefined) return [shown, h('div', { class: 'meta mine' }, words.sending)];
  const act = (label: string, work: () => void) => h('button', { type: 'button', onclick: work }, label);
  return [
    shown,
    h(
      'div',
      { class: 'meta mine bad', role: 'alert' },
      fault === '' ? '' : `${fault} `,
      act(words.failed, () => void conversation.uploads.add(file, key)),
      ' · ',
      act(words.drop, () => conversation.uploads.remove(key)),
    ),
  ];
}
