import { type HotkeyItem, useHotkeys } from '@mantine/hooks';
import { createStore } from '../shared/store.ts';
import { deskActions, isDeskAction, performDeskAction } from './desk-actions.ts';

const storageKey = 'mevrik.shortcuts';

/** Whether single-key shortcuts are on. Users of dictation or screen readers may turn them off. */
export const shortcutsAreOn = createStore(localStorage.getItem(storageKey) !== 'off', (areOn) =>
  localStorage.setItem(storageKey, areOn ? 'on' : 'off'),
);

/** Binds every desk action to its key, outside of text fields. */
export function useShortcuts(): void {
  const areOn = shortcutsAreOn.use();
  const items = Object.entries(deskActions).flatMap(([action, { key }]): HotkeyItem[] => {
    const run = () => {
      // An open dialog blocks shortcuts of the page behind it.
      if (document.querySelector('[aria-modal=true]')) return;
      if ((areOn || action === 'help') && isDeskAction(action)) performDeskAction(action);
    };
    // Whether `?` and `/` need Shift depends on the keyboard layout.
    return /\w/.test(key) ? [[key, run]] : [key, `shift+${key}`].map((one) => [one, run]);
  });
  useHotkeys(items);
}
