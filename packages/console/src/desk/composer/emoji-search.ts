import emojis from 'emojibase-data/en/compact.json';

/** Emoji in a row of the picker. */
export const emojiColumns = 9;

const recentKey = 'mevrik.emoji';
const mostRecent = emojiColumns * 2;
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

/** One emoji. */
export interface Emoji {
  readonly unicode: string;
  readonly label: string;
}

/** Emoji under a title. */
export interface EmojiGroup {
  readonly title: string;
  readonly items: readonly Emoji[];
}

const all = emojis
  .filter(({ group }) => group !== undefined && group in groups)
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
const byGroup: readonly EmojiGroup[] = Object.entries(groups).map(([group, title]) => ({
  title,
  items: all.filter((one) => one.group === Number(group)),
}));

function recentEmoji(): readonly Emoji[] {
  const kept = (localStorage.getItem(recentKey) ?? '').split(' ');
  return kept.flatMap((unicode) => all.find((one) => one.unicode === unicode) ?? []);
}

/** Puts an emoji first among the recent ones. */
export function rememberEmoji(unicode: string): void {
  const kept = (localStorage.getItem(recentKey) ?? '').split(' ').filter((one) => one !== unicode);
  localStorage.setItem(recentKey, [unicode, ...kept].slice(0, mostRecent).join(' ').trim());
}

/** The emoji that match a search, best first; without a search, the recent ones and all groups. */
export function findEmoji(search: string): readonly EmojiGroup[] {
  if (search === '') {
    const used = recentEmoji();
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
