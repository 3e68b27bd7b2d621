import type { SettingGroup } from '@mevrik/protocol';
import { MevrikError } from '../../shared/sdk.ts';

/** Settings as they are kept. */
export type Settings = Readonly<Record<string, unknown>>;

/** What was changed in a form and is not saved. */
export interface Draft {
  /** By path; `null` takes away. */
  readonly changes: Settings;
  /** Groups that were opened or taken away. */
  readonly groups: Readonly<Record<string, boolean>>;
}

/** Nothing was changed. */
export const noDraft: Draft = { changes: {}, groups: {} };

/** Whether anything was changed. */
export const isChanged = ({ changes, groups }: Draft): boolean =>
  Object.keys(changes).length + Object.keys(groups).length > 0;

/** What stands at a path of settings. */
export function valueAt(settings: Settings, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), settings);
}

/** A draft with one more change; `undefined` takes the change back. */
export function withChange(draft: Draft, path: string, value: unknown): Draft {
  const { [path]: _before, ...others } = draft.changes;
  return { ...draft, changes: value === undefined ? others : { ...others, [path]: value } };
}

/** A draft in which a group is there or not. */
export function withGroup(draft: Draft, path: string, isWanted: boolean, stored: Settings): Draft {
  const { [path]: _before, ...others } = draft.groups;
  const isStored = valueAt(stored, path) !== undefined;
  return { ...draft, groups: isWanted === isStored ? others : { ...others, [path]: isWanted } };
}

/** Whether a group is there; only optional ones can be not. */
export function isOpen(group: SettingGroup, stored: Settings, draft: Draft): boolean {
  if (!group.isOptional) return true;
  return draft.groups[group.path] ?? valueAt(stored, group.path) !== undefined;
}

/** The changes as they are sent: objects within objects, `null` for what is taken away. */
export function toPatch(
  draft: Draft,
  groups: readonly SettingGroup[],
  stored: Settings,
): Record<string, unknown> {
  const closed = groups.filter((group) => !isOpen(group, stored, draft)).map(({ path }) => `${path}.`);
  const patch: Record<string, unknown> = {};
  // An empty group is sent, too: then the server tells what it must have.
  for (const [path, isWanted] of Object.entries(draft.groups)) put(patch, path, isWanted ? {} : null);
  for (const [path, value] of Object.entries(draft.changes)) {
    if (!closed.some((group) => path.startsWith(group))) put(patch, path, value);
  }
  return patch;
}

function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let part = target;
  for (const name of names) {
    if (!isObject(part[name])) part[name] = {};
    part = part[name] as Record<string, unknown>;
  }
  part[last] = value;
}

/** What is wrong with a form: at its fields by path, and what belongs to none of them. */
export interface Faults {
  readonly at: Readonly<Record<string, string>>;
  readonly rest: string | undefined;
}

/** Nothing is wrong. */
export const noFaults: Faults = { at: {}, rest: undefined };

/** Where what the server has refused belongs. */
export function faultsOf(error: unknown, groups: readonly SettingGroup[]): Faults {
  if (!(error instanceof MevrikError)) {
    return { at: {}, rest: 'Something went wrong here. Load the page again.' };
  }
  const known = new Set(['name', ...groups.flatMap(({ fields }) => fields.map(({ path }) => path))]);
  const told = error.fields.map(({ path, message }) => ({
    path: fieldOf(path.replace(/^settings\.?/, ''), known),
    message,
  }));
  const rest = told.filter(({ path }) => !known.has(path)).map(({ path, message }) => `${path} ${message}`);
  return {
    at: Object.fromEntries(told.map(({ path, message }) => [path, message])),
    rest: told.length === 0 ? error.message : rest.join('; ').trim() || undefined,
  };
}

/** What is wrong within a list or an object is shown at its field. */
function fieldOf(path: string, known: ReadonlySet<string>): string {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (known.has(at)) return at;
  }
  return path;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
