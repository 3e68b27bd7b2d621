import { ScrollArea, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import emojis from 'emojibase-data/en/compact.json';
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from 'react';
import classes from './emoji.module.css';

const columns = 9;
const recentKey = 'mevrik.emoji';
const mostRecent = columns * 2;
/** Unicode's emoji groups, without components such as skin tones. */
const groups: Readonly<Record<number, string>> = {
  0: 'Smileys',
  1: 'People',
  3: 'Nature',
  4: 'Food',
  5: 'Travel',
  6: 'Activities',
  7: 'Objects',
  8: 'Symbols',
  9: 'Flags',
};

interface Emoji {
  readonly unicode: string;
  readonly label: string;
}
interface Group {
  readonly title: string;
  readonly items: readonly Emoji[];
}

const all = emojis
  .filter(({ group }) => group !== undefined && group in groups)
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
const byGroup: readonly Group[] = Object.entries(groups).map(([group, title]) => ({
  title,
  items: all.filter((one) => one.group === Number(group)),
}));

function recent(): readonly Emoji[] {
  const kept = (localStorage.getItem(recentKey) ?? '').split(' ');
  return kept.flatMap((unicode) => all.find((one) => one.unicode === unicode) ?? []);
}

function remember(unicode: string): void {
  const kept = (localStorage.getItem(recentKey) ?? '').split(' ').filter((one) => one !== unicode);
  localStorage.setItem(recentKey, [unicode, ...kept].slice(0, mostRecent).join(' ').trim());
}

function found(search: string): readonly Group[] {
  if (search === '') {
    const used = recent();
    return used.length === 0 ? byGroup : [{ title: 'Recent', items: used }, ...byGroup];
  }
  const words = search.toLowerCase().split(/\s+/);
  const items = all.filter(({ label, tags = [] }) =>
    words.every((word) => label.toLowerCase().includes(word) || tags.some((tag) => tag.includes(word))),
  );
  // Exact label matches first, then prefixes.
  const sought = words.join(' ');
  const rank = ({ label }: Emoji) => (label === sought ? 0 : label.startsWith(sought) ? 1 : 2);
  items.sort((a, b) => rank(a) - rank(b));
  return items.length === 0 ? [] : [{ title: 'Results', items: items.slice(0, 120) }];
}

/** The emoji picker: search, arrow keys and Enter. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const id = useId();
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const shown = useMemo(() => found(search.trim()), [search]);
  const flat = useMemo(() => shown.flatMap(({ items }) => items), [shown]);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, active]);
  const steps: Record<string, number> = {
    ArrowDown: columns,
    ArrowUp: -columns,
    ArrowRight: 1,
    ArrowLeft: -1,
  };

  function pick(emoji: Emoji | undefined): void {
    if (!emoji) return;
    remember(emoji.unicode);
    onPick(emoji.unicode);
  }
  function onKey(event: KeyboardEvent): void {
    const step = steps[event.key];
    if (event.key === 'Enter') pick(flat[active]);
    else if (step === undefined || (search !== '' && Math.abs(step) === 1 && active === 0 && step < 0))
      return;
    else setActive((at) => Math.min(flat.length - 1, Math.max(0, at + step)));
    event.preventDefault();
  }

  let before = 0;
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
        onKeyDown={onKey}
        data-autofocus
      />
      <ScrollArea.Autosize
        mah={260}
        type="auto"
        scrollbars="y"
        offsetScrollbars="y"
        viewportProps={{ tabIndex: 0 }}
      >
        <div role="listbox" id={`${id}-list`} aria-label="Emoji">
          {shown.map(({ title, items }) => {
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
                    onClick={() => pick(emoji)}
                  >
                    {emoji.unicode}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
        {shown.length === 0 && (
          <Text size="sm" c="dimmed" ta="center" py="lg">
            No emoji found
          </Text>
        )}
      </ScrollArea.Autosize>
    </div>
  );
}
