import { useEffect, useRef } from 'react';
import { isKeyOf } from '../shared/labels.ts';
import { createStore } from '../shared/store.ts';

/** Every desk action with its shortcut and label. */
export const deskActions = {
  next: { key: 'j', label: 'Next conversation' },
  previous: { key: 'k', label: 'Previous conversation' },
  mine: { key: '1', label: 'Show my conversations' },
  queue: { key: '2', label: 'Show the queue' },
  all: { key: '3', label: 'Show all conversations' },
  search: { key: '/', label: 'Search conversations' },
  overdue: { key: 'o', label: 'Toggle the overdue filter' },
  accept: { key: 'a', label: 'Accept or take over' },
  reply: { key: 'r', label: 'Write a reply' },
  note: { key: 'n', label: 'Add a note' },
  transfer: { key: 't', label: 'Transfer conversation' },
  bot: { key: 'b', label: 'Return to bot' },
  close: { key: 'c', label: 'Close case' },
  panel: { key: 'i', label: 'Show or hide customer details' },
  edit: { key: 'e', label: 'Edit customer' },
  merge: { key: 'm', label: 'Merge customer' },
  help: { key: '?', label: 'Keyboard shortcuts' },
} as const;

export type DeskAction = keyof typeof deskActions;

/** Whether a name is a desk action. */
export const isDeskAction = (name: string): name is DeskAction => isKeyOf(deskActions, name);

/** The actions that mounted components currently handle. */
const offered = createStore<Readonly<Partial<Record<DeskAction, () => void>>>>({});

/** The actions that are currently available. */
export const useEnabledActions = () => offered.use();

/** Runs an action if a mounted component handles it. */
export function performDeskAction(action: DeskAction): void {
  offered.get()[action]?.();
}

/** Registers the handler of an action while the component is mounted and `can` is true. */
export function useDeskAction(action: DeskAction, run: () => void, can = true): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (!can) return;
    const call = () => latest.current();
    offered.set({ ...offered.get(), [action]: call });
    return () => {
      const { [action]: mine, ...others } = offered.get();
      if (mine === call) offered.set(others);
    };
  }, [action, can]);
}
