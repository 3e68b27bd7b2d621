import { type HotkeyItem, useHotkeys } from '@mantine/hooks';
import { createStore } from '../shared/store.ts';
import { type DeskAction, deskActions, performDeskAction } from './desk-actions.ts';

const storageKey = 'mevrik.shortcuts';

/** Whether single keys do something: those who dictate, or use a screen reader, may not want that. */
export const shortcutsAreOn = createStore(localStorage.getItem(storageKey) !== 'off', (areOn) =>
  localStorage.setItem(storageKey, areOn ? 'on' : 'off'),
);

/** Lets every action of the desk be done by its key, outside of fields. */
export function useShortcuts(): void {
  const areOn = shortcutsAreOn.use();
  const items = Object.entries(deskActions).flatMap(([action, { key }]): HotkeyItem[] => {
    const run = () => {
      // In a dialog a key is not for what lies behind it.
      if (document.querySelector('[aria-modal=true]')) return;
      if (areOn || action === 'help') performDeskAction(action as DeskAction);
    };
    // On most keyboards `?` and `/` need the shift key, on some they do not.
    return /\w/.test(key) ? [[key, run]] : [key, `shift+${key}`].map((one) => [one, run]);
  });
  useHotkeys(items);
}
