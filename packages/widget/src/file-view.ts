import type { Attachment } from '@mevrik/protocol';
import type { Language } from './config.ts';
import type { Upload } from './conversation-state.ts';
import { h, icon, safeUrl } from './dom.ts';
import type { Words } from './locales/en.ts';
import type { LogContext } from './log-context.ts';
import type { LogEntry } from './message-log.ts';

/** Shows an image inline; other files, and images that fail to load, as a card. */
export function fileView({ type, url, name: given, sizeBytes }: Attachment, language: Language): HTMLElement {
  const name = given ?? language.words.file;
  const href = safeUrl(url);
  const link = h('a', { href, target: '_blank', rel: 'noopener noreferrer' });
  const showCard = () => {
    link.className = 'file';
    link.replaceChildren(...cardOf(name, sizeBytes, language));
  };
  showCard();
  if (type !== 'image' || !href) return link;
  link.className = 'pic';
  link.replaceChildren(h('img', { src: href, alt: name, onerror: showCard }));
  return link;
}

function cardOf(name: string, sizeBytes: number | undefined, { locale }: Language): HTMLElement[] {
  return [
    h('span', { class: 'file-icon', 'aria-hidden': 'true' }, icon('file')),
    h(
      'span',
      { class: 'about' },
      h('span', { class: 'name' }, h('bdi', {}, name)),
      sizeBytes !== undefined && h('small', {}, sizeIn(locale, sizeBytes)),
    ),
  ];
}

/** A localized file size. */
function sizeIn(locale: string, bytes: number): string {
  const [unit, value] =
    bytes < 1000
      ? ['byte', bytes]
      : bytes < 1_000_000
        ? ['kilobyte', bytes / 1000]
        : ['megabyte', bytes / 1_000_000];
  const maximumFractionDigits = value < 10 && unit !== 'byte' ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: 'unit', unit: String(unit), maximumFractionDigits }).format(
    Number(value),
  );
}

/** An upload in progress with a cancel button, or its error. */
export function uploadView({ language, conversation }: LogContext, upload: Upload): LogEntry {
  const { key, file, error } = upload;
  const { words } = language;
  const act = (label: string, work: () => void) => h('button', { type: 'button', onclick: work }, label);
  const remove = () => conversation.uploads.remove(key);
  const make = () =>
    h(
      'div',
      { class: 'msg mine wait', 'data-upload': key },
      h('span', { class: 'file' }, ...cardOf(file.name, file.size, language)),
      error === undefined
        ? h(
            'span',
            { class: 'upload-progress' },
            h('progress', { max: 1, value: 0, 'aria-label': `${words.sending} ${file.name}` }),
            act(words.cancel, remove),
          )
        : h(
            'span',
            { class: 'bad', role: 'alert' },
            reasonOf(error, words),
            act(words.sendFailed, () => void conversation.uploads.add(file, key)),
            ' · ',
            act(words.discard, remove),
          ),
    );
  return { key: `${key} ${error}`, make };
}

/** Why a file was not accepted, where the code of the error says it. */
function reasonOf(code: string, words: Words): string {
  if (code === 'too_large') return `${words.fileTooLarge} `;
  return code === 'file_type_not_allowed' ? `${words.fileNotAllowed} ` : '';
}

/** Updates the progress bars in place. */
export function showProgress(log: HTMLElement, uploads: readonly Upload[]): void {
  for (const { key, progress } of uploads) {
    const bar = log.querySelector<HTMLProgressElement>(`[data-upload="${key}"] progress`);
    if (bar && bar.value !== progress) bar.value = progress;
  }
}
