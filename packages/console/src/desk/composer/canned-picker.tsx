import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import type { CannedReply } from '../../shared/sdk.ts';
import { keys } from '../keys.ts';
import classes from './composer.module.css';

const mostShown = 8;

/** The word that follows a `/` before the caret, if the `/` starts a word. */
export function cannedWord(
  text: string,
  caret: number,
): { readonly word: string; readonly from: number } | undefined {
  const match = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u.exec(text.slice(0, caret));
  const [, word] = match ?? [];
  return word === undefined ? undefined : { word, from: caret - word.length - 1 };
}

/** Canned replies whose shortcut starts with the word, then those that contain it. */
function matching(all: readonly CannedReply[], word: string): readonly CannedReply[] {
  const sought = word.toLowerCase();
  const starts = all.filter(({ shortcut }) => shortcut.toLowerCase().startsWith(sought));
  const others = all.filter(
    (one) =>
      !starts.includes(one) &&
      (one.shortcut.toLowerCase().includes(sought) || one.text.toLowerCase().includes(sought)),
  );
  return [...starts, ...others].slice(0, mostShown);
}

/** The canned replies that match the typed word, and the highlighted one. */
export function useCannedPicker(appId: number, word: string | undefined) {
  const isOpen = word !== undefined;
  const canned = useQuery({
    queryKey: keys.canned(appId),
    queryFn: () => api.rest.desk.cannedReplies(appId),
    enabled: isOpen,
    staleTime: 30_000,
  });
  const [active, setActive] = useState(0);
  const items = useMemo(
    () => (word === undefined ? [] : matching(canned.data?.items ?? [], word)),
    [canned.data, word],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another word begins at the top
  useEffect(() => setActive(0), [word]);
  return {
    items,
    active: Math.min(active, Math.max(0, items.length - 1)),
    move: (by: number) => setActive((at) => (at + by + items.length) % Math.max(1, items.length)),
    note: canned.isError
      ? errorMessage(canned.error)
      : canned.isPending
        ? 'Loading…'
        : canned.data.items.length === 0
          ? 'No canned replies yet. Supervisors can add them in the admin panel.'
          : 'No matching canned replies',
  };
}

/** The suggestion list above the text field, which keeps focus and keyboard. */
export function CannedPicker(props: {
  id: string;
  picker: ReturnType<typeof useCannedPicker>;
  onPick: (reply: CannedReply) => void;
}) {
  const { id, picker, onPick } = props;
  return (
    <div className={classes.canned}>
      {picker.items.length === 0 ? (
        <Text size="sm" c="dimmed" p="xs" role="status">
          {picker.note}
        </Text>
      ) : (
        <div role="listbox" id={id} aria-label="Canned replies">
          {picker.items.map((reply, at) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
            <div
              key={reply.id}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === picker.active}
              className={classes.cannedOne}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => onPick(reply)}
            >
              <Text span size="sm" fw={600}>
                /{reply.shortcut}
              </Text>
              <Text span size="xs" truncate className={classes.cannedText ?? ''}>
                {reply.text}
              </Text>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
