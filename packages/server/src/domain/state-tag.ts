import { createHash, createHmac } from 'node:crypto';
import { ProblemError } from '@mevrik/protocol';

/** The tags that a caller expects (If-Match): one of these, or `*` for any existing state; `undefined`: no condition. */
export type ExpectedTags = '*' | readonly string[] | undefined;

/** The part of an app that is changed as one. */
export interface AppConfiguration {
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A tag of an app's configuration: it changes when the configuration does. */
export const appTag = ({ name, enabled, settings }: AppConfiguration): string =>
  tagOf([name, enabled, settings]);

/** A tag of a channel, secrets included. Keyed, so that secrets cannot be guessed from the tag. */
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

/** A tag of a bot, as administrators see it. */
export const botTag = (bot: object): string => tagOf(bot);

/**
 * Asserts that something still has a tag that the caller expects.
 * @param tag the current tag; `null` if it does not exist.
 * @throws ProblemError `precondition_failed`.
 */
export function assertUnchanged(expected: ExpectedTags, tag: string | null): void {
  if (expected === undefined) return;
  if (tag !== null && (expected === '*' || expected.includes(tag))) return;
  throw new ProblemError(
    'precondition_failed',
    'This has changed since you loaded it, and nothing was stored. Load it again, apply your change, and send it with the new ETag.',
  );
}

function tagOf(state: unknown, key?: string): string {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash
    .update(JSON.stringify(withSortedKeys(state)))
    .digest('base64url')
    .slice(0, 22);
}

/** Sorts keys: the database returns them in an order of its own. */
function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [two]) => (one < two ? -1 : 1)).map(([key, inner]) => [key, withSortedKeys(inner)]),
  );
}
