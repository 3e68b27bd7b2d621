import type { DiagnosisLink } from '@mevrik/protocol';
import type { DiagnosisFacts, Worker } from './facts.ts';

/** `less than a minute`, `12 minutes`, `3 hours`, `2 days`. */
export function howLong(fromIso: string, toIso: string): string {
  const minutes = Math.floor((Date.parse(toIso) - Date.parse(fromIso)) / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

/** `Kim`, `Kim and Noor`, `Kim, Noor and 3 others`. */
export function listNames(people: readonly Pick<Worker, 'name'>[]): string {
  const names = people.map(({ name }) => name);
  const [first = 'nobody', second] = names;
  if (second === undefined) return first;
  if (names.length === 2) return `${first} and ${second}`;
  const others = names.length - 2;
  return `${first}, ${second} and ${others === 1 ? 'one more' : `${others} others`}`;
}

/** The name of somebody who works for the app, by their number. */
export function nameOf({ workers }: Pick<DiagnosisFacts, 'workers'>, agentId: number | null): string {
  return workers.find((one) => one.agentId === agentId)?.name ?? 'An agent';
}

/** Somewhere to look. */
export function link(
  to: DiagnosisLink['to'],
  label: string,
  id: number | string | null = null,
): DiagnosisLink {
  return { to, label, id: id === null ? null : String(id) };
}
