/** A duration in seconds as people say it: `less than a minute`, `12 minutes`, `3 hours`, `2 days`. */
export function spokenDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

/** `Kim`, `Kim and Noor`, `Kim, Noor and 3 others`. */
export function listNames(names: readonly string[]): string {
  const [first = 'no one', second] = names;
  if (second === undefined) return first;
  if (names.length === 2) return `${first} and ${second}`;
  const others = names.length - 2;
  return `${first}, ${second} and ${others === 1 ? '1 other' : `${others} others`}`;
}

/** A text with exactly one full stop at its end. */
export function sentenceEnd(text: string): string {
  return `${text.trim().replace(/\.+$/, '')}.`;
}
