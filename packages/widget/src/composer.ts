import type { WidgetConfig } from './config.ts';
import { h, icon } from './dom.ts';
import { attachButton } from './file-input.ts';
import type { Words } from './locales/en.ts';

/** The visitor's composer. */
export interface Composer {
  readonly element: HTMLFormElement;
  readonly video: HTMLElement;
  focus(): void;
}

/** Callbacks of the composer. */
export interface ComposerActions {
  readonly write: (text: string) => void;
  readonly typing: () => void;
  readonly attach: (files: Iterable<File>) => void;
  readonly askForVideo: () => Promise<void>;
}

/** Creates the composer: Enter sends, Shift+Enter inserts a line break. */
export function createComposer(config: WidgetConfig, words: Words, actions: ComposerActions): Composer {
  const send = () => {
    const text = box.value.trim();
    if (text === '') return;
    box.value = '';
    grow();
    actions.write(text);
  };
  const grow = () => {
    go.disabled = box.value.trim() === '';
    box.style.height = 'auto';
    // An element that is not rendered has no height.
    if (box.scrollHeight > 0 && box.value !== '') box.style.height = `${box.scrollHeight + 2}px`;
    if (box.value !== '') actions.typing();
  };
  const box = h('textarea', {
    rows: 1,
    dir: 'auto',
    maxlength: 10_000,
    placeholder: words.writeMessage,
    'aria-label': words.writeMessage,
    enterkeyhint: 'send',
    oninput: grow,
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    },
  });
  const go = h(
    'button',
    { class: 'go', type: 'submit', 'aria-label': words.send, disabled: true },
    icon('send'),
  );
  const video = h(
    'button',
    {
      class: 'tool',
      type: 'button',
      hidden: true,
      'aria-label': words.requestVideo,
      title: words.requestVideo,
      onclick: () => {
        video.disabled = true;
        const enable = () => {
          video.disabled = false;
        };
        actions.askForVideo().then(enable, enable);
      },
    },
    icon('video'),
  );
  const element = h(
    'form',
    {
      class: 'composer',
      onsubmit: (event: Event) => {
        event.preventDefault();
        send();
      },
    },
    ...(config.without.has('files') ? [] : attachButton(words, actions.attach)),
    !config.without.has('video') && video,
    box,
    go,
  );
  return { element, video, focus: () => box.focus() };
}
