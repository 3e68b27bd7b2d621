import type { SettingField, SettingGroup } from '@mevrik/protocol';
import { MevrikError } from '../../shared/sdk.ts';
import { capitalized } from '../shared/capitalized.ts';

/** Settings as they are stored. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** The unsaved changes of a form. */
export interface Draft {
  /** The new value by path; `null` removes a setting. */
  readonly changes: SettingValues;
  /** Optional groups that were added (`true`) or removed (`false`), by path. */
  readonly groups: Readonly<Record<string, boolean>>;
}

/** A draft without changes. */
export const noDraft: Draft = { changes: {}, groups: {} };

/** Whether a draft has changes. */
export const isChanged = ({ changes, groups }: Draft): boolean =>
  Object.keys(changes).length + Object.keys(groups).length > 0;

/** What is left of a draft once `saved` is stored: the changes made while it was being saved. */
export function withoutSaved(draft: Draft, saved: Draft): Draft {
  return {
    changes: remaining(draft.changes, saved.changes),
    groups: remaining(draft.groups, saved.groups),
  };
}

function remaining<Value>(now: Readonly<Record<string, Value>>, saved: Readonly<Record<string, Value>>) {
  return Object.fromEntries(Object.entries(now).filter(([path, value]) => saved[path] !== value));
}

/** The value at a path of settings. */
export function valueAt(settings: SettingValues, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), settings);
}

/** A draft with one more change; `undefined` reverts the change. */
export function withChange(draft: Draft, path: string, value: unknown): Draft {
  const { [path]: _before, ...others } = draft.changes;
  return { ...draft, changes: value === undefined ? others : { ...others, [path]: value } };
}

/** A draft in which an optional group is added or removed. */
export function withGroup(draft: Draft, path: string, isWanted: boolean, stored: SettingValues): Draft {
  const { [path]: _before, ...others } = draft.groups;
  const isStored = valueAt(stored, path) !== undefined;
  return { ...draft, groups: isWanted === isStored ? others : { ...others, [path]: isWanted } };
}

/** Whether a group is shown; only optional groups can be absent. */
export function isOpen(group: SettingGroup, stored: SettingValues, draft: Draft): boolean {
  if (!group.isOptional) return true;
  return draft.groups[group.path] ?? valueAt(stored, group.path) !== undefined;
}

/** The changes as nested objects for the API; `null` removes a setting. */
export function toPatch(
  draft: Draft,
  groups: readonly SettingGroup[],
  stored: SettingValues,
): Record<string, unknown> {
  const closed = groups.filter((group) => !isOpen(group, stored, draft)).map(({ path }) => `${path}.`);
  const patch: Record<string, unknown> = {};
  // An empty group is sent too, so that the server reports its required fields.
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
    const known = part[name];
    const inner = isObject(known) ? known : {};
    part[name] = inner;
    part = inner;
  }
  part[last] = value;
}

/** The errors of a form: by field path, and those that belong to no field. */
export interface FormErrors {
  readonly at: Readonly<Record<string, string>>;
  readonly rest: string | undefined;
}

/** One setting, what is stored and what is entered. */
export interface SettingInputProps {
  readonly field: SettingField;
  readonly stored: SettingValues;
  readonly secrets?: readonly string[];
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly errors: FormErrors;
}

/** No errors. */
export const noFormErrors: FormErrors = { at: {}, rest: undefined };

/** The errors of a form from a rejected request. */
export function formErrorsOf(error: unknown, groups: readonly SettingGroup[]): FormErrors {
  if (!(error instanceof MevrikError)) {
    return { at: {}, rest: 'Something went wrong. Reload the page and try again.' };
  }
  const known = new Set(['name', ...groups.flatMap(({ fields }) => fields.map(({ path }) => path))]);
  const errors = error.fields.map(({ path, message }) => ({
    path: fieldOf(path.replace(/^settings\.?/, ''), known),
    message,
  }));
  const rest = errors.filter(({ path }) => !known.has(path)).map(({ path, message }) => `${path} ${message}`);
  return {
    at: Object.fromEntries(errors.map(({ path, message }) => [path, capitalized(message)])),
    rest: errors.length === 0 ? error.message : rest.join('; ').trim() || undefined,
  };
}

/** The field of a path: an error inside a list or an object is shown at its field. */
function fieldOf(path: string, known: ReadonlySet<string>): string {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (known.has(at)) return at;
  }
  return path;
}

/** Whether a value is an object of settings, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
