import { ScrollArea, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from 'react';
import classes from './emoji.module.css';
import { type Emoji, type EmojiGroup, emojiColumns, findEmoji, rememberEmoji } from './emoji-search.ts';

const steps: Readonly<Record<string, number>> = {
  ArrowDown: emojiColumns,
  ArrowUp: -emojiColumns,
  ArrowRight: 1,
  ArrowLeft: -1,
};

/** The emoji picker: search, arrow keys and Enter. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const id = useId();
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const groups = useMemo(() => findEmoji(search.trim()), [search]);
  const flat = useMemo(() => groups.flatMap(({ items }) => items), [groups]);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, active]);

  function pick(emoji: Emoji | undefined): void {
    if (!emoji) return;
    rememberEmoji(emoji.unicode);
    onPick(emoji.unicode);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = steps[event.key];
    // At the first emoji, the left arrow moves the caret in the search.
    const movesCaret = step === -1 && search !== '' && active === 0;
    if (event.key === 'Enter') pick(flat[active]);
    else if (step === undefined || movesCaret) return;
    else setActive((at) => Math.min(flat.length - 1, Math.max(0, at + step)));
    event.preventDefault();
  }

  return (
    <div className={classes.emoji}>
      <TextInput
        size="xs"
        placeholder="Search emoji"
        aria-label="Search emoji"
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={`${id}-${active}`}
        leftSection={<IconSearch size={14} />}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        data-autofocus
      />
      <ScrollArea.Autosize
        mah={260}
        type="auto"
        scrollbars="y"
        offsetScrollbars="y"
        viewportProps={{ tabIndex: 0 }}
      >
        <EmojiList id={id} groups={groups} active={active} onPick={pick} />
        {groups.length === 0 && (
          <Text size="sm" c="dimmed" ta="center" py="lg">
            No emoji found
          </Text>
        )}
      </ScrollArea.Autosize>
    </div>
  );
}

/** The options of the picker, numbered across all groups. */
function EmojiList(props: {
  /** The prefix of the elements' ids. */
  id: string;
  groups: readonly EmojiGroup[];
  /** The number of the option that the keys have reached. */
  active: number;
  onPick: (emoji: Emoji) => void;
}) {
  const { id, groups, active, onPick } = props;
  let before = 0;
  return (
    <div role="listbox" id={`${id}-list`} aria-label="Emoji">
      {groups.map(({ title, items }) => {
        const first = before;
        before += items.length;
        return (
          // biome-ignore lint/a11y/useSemanticElements: a group of options
          <div key={title} role="group" aria-label={title} className={classes.emojiGroup}>
            <div className={classes.emojiTitle} aria-hidden>
              {title}
            </div>
            {items.map((emoji, at) => (
              // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
              <div
                key={emoji.unicode}
                id={`${id}-${first + at}`}
                role="option"
                aria-selected={first + at === active}
                aria-label={emoji.label}
                title={emoji.label}
                className={classes.emojiOne}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => onPick(emoji)}
              >
                {emoji.unicode}
              </div>
            ))}
          </div>
        );
      })}
    </div>
  );
}
