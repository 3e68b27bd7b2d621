import { createHash, createHmac } from 'node:crypto';
import { ProblemError } from '@mevrik/protocol';

/** What a caller has seen of something: its tags, or that it is there at all; `undefined` where they do not say. */
export type ExpectedTags = '*' | readonly string[] | undefined;

/** What of an app is changed together. */
export interface AppConfiguration {
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A tag of how an app is set up: the same as long as that is. */
export const appTag = ({ name, enabled, settings }: AppConfiguration): string =>
  tagOf([name, enabled, settings]);

/** A tag of a channel, its secrets too; who sees it without the key cannot try secrets on it. */
export function channelTag(
  { kind, enabled, settings }: { readonly kind: string } & Omit<AppConfiguration, 'name'>,
  key: string,
): string {
  return tagOf([kind, enabled, settings], key);
}

/** A tag of an app's routing rules. */
export function rulesTag(
  rules: readonly {
    readonly name: string;
    readonly when: string;
    readonly action: string;
    readonly queue?: string | null | undefined;
    readonly priority?: string | null | undefined;
    readonly skills?: readonly string[] | undefined;
  }[],
): string {
  return tagOf(
    rules.map(({ name, when, action, queue = null, priority = null, skills = [] }) => [
      name,
      when,
      action,
      queue,
      priority,
      skills,
    ]),
  );
}

/** A tag of a bot, as it is shown. */
export const botTag = (bot: object): string => tagOf(bot);

/**
 * Makes sure that something is still as a caller has seen it.
 * @param tag `null` where it is not there.
 * @throws ProblemError `precondition_failed`.
 */
export function assertUnchanged(seen: ExpectedTags, tag: string | null): void {
  if (seen === undefined) return;
  if (tag !== null && (seen === '*' || seen.includes(tag))) return;
  throw new ProblemError(
    'precondition_failed',
    'This has changed since you loaded it, and nothing was stored. Load it again, apply your change, and send it with the new ETag.',
  );
}

function tagOf(state: unknown, key?: string): string {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash
    .update(JSON.stringify(inOrder(state)))
    .digest('base64url')
    .slice(0, 22);
}

/** Keys in one order: the database has one of its own. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [two]) => (one < two ? -1 : 1)).map(([key, inner]) => [key, inOrder(inner)]),
  );
}
