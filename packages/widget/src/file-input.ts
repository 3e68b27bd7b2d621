import { h, icon } from './dom.ts';
import type { Words } from './locales/en.ts';

/** The attach button with its hidden file input. */
export function attachButton(words: Words, onFiles: (files: Iterable<File>) => void): HTMLElement[] {
  const input = h('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    'aria-label': words.attach,
    onchange: () => {
      onFiles(input.files ?? []);
      input.value = '';
    },
  });
  const label = { 'aria-label': words.attach, title: words.attach };
  return [
    input,
    h('button', { class: 'tool', type: 'button', ...label, onclick: () => input.click() }, icon('clip')),
  ];
}

/** Accepts files dropped on or pasted into the panel. */
export function acceptFiles(panel: HTMLElement, onFiles: (files: Iterable<File>) => void): void {
  const take = (event: Event, data: DataTransfer | null) => {
    if (!data || data.files.length === 0) return;
    event.preventDefault();
    onFiles(data.files);
  };
  panel.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  panel.addEventListener('drop', (event) => take(event, event.dataTransfer));
  panel.addEventListener('paste', (event) => take(event, event.clipboardData));
}
