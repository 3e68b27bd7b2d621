import { h, icon } from './dom.ts';
import type { Words } from './locales/en.ts';
import type { WidgetStorage } from './storage.ts';

let audio: AudioContext | undefined;

/** A short, soft tone; browsers allow it once the page has been used. */
export function playSound(): void {
  try {
    audio ??= new AudioContext();
    const { currentTime, destination } = audio;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.setValueAtTime(620, currentTime);
    tone.frequency.exponentialRampToValueAtTime(880, currentTime + 0.12);
    volume.gain.setValueAtTime(0.06, currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, currentTime + 0.3);
    tone.connect(volume).connect(destination);
    tone.start();
    tone.stop(currentTime + 0.3);
  } catch {
    // Without audio, the badge still shows the message.
  }
}

/** The button that mutes and unmutes the sound. Stores the choice. */
export function soundButton(words: Words, storage: WidgetStorage): HTMLElement {
  const show = () => {
    const isMuted = storage.read().isMuted ?? false;
    button.setAttribute('aria-pressed', String(!isMuted));
    button.replaceChildren(icon(isMuted ? 'muted' : 'sound'));
  };
  const onclick = () => {
    storage.write({ isMuted: !storage.read().isMuted });
    show();
  };
  const button = h('button', { type: 'button', 'aria-label': words.sound, onclick });
  show();
  return button;
}
