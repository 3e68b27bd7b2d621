import type { SettingField, SettingGroup } from '@mevrik/protocol';
import { z } from 'zod';

/** The parts of JSON Schema, and of the `meta` of our schemas, that a form is built from. */
interface Shape {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly isSecret?: boolean;
  readonly isLong?: boolean;
  readonly isOwn?: boolean;
  /** Labels of the values of an `enum`. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The form of a schema's settings. Titles and help come from the schema's `meta`. A text without a title is treated as a
 * secret, because nothing marks it as safe to show.
 */
export function describeSettings(schema: z.ZodType): SettingGroup[] {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
  return groupsOf(shape, '', false);
}

function groupsOf(shape: Shape, path: string, isOptional: boolean): SettingGroup[] {
  const required = new Set(shape.required);
  const fields: SettingField[] = [];
  const inner: SettingGroup[] = [];
  for (const [name, part] of Object.entries(shape.properties ?? {})) {
    const partPath = path === '' ? name : `${path}.${name}`;
    if (part.properties)
      inner.push(...groupsOf(part, partPath, !required.has(name) && part.default === undefined));
    else fields.push(fieldOf(part, name, partPath, required.has(name)));
  }
  const { title = null, description: help = null } = shape;
  const group = { path, title, help, isOptional, fields };
  return fields.length > 0 || isOptional ? [group, ...inner] : inner;
}

function fieldOf(shape: Shape, name: string, path: string, isRequired: boolean): SettingField {
  const isNullable = shape.anyOf?.some(({ type }) => type === 'null') ?? false;
  const [only, ...others] = (shape.anyOf ?? []).filter(({ type }) => type !== 'null');
  const { title, description, default: fallback } = shape;
  const core = only && others.length === 0 ? { ...shape, ...only } : shape;
  return {
    path,
    title: title ?? name,
    help: description ?? null,
    type: typeOf({ ...core, ...(title === undefined ? {} : { title }) }),
    isLong: core.isLong ?? shape.isLong ?? false,
    isOwn: core.isOwn ?? false,
    isRequired,
    isNullable,
    ...(fallback === undefined ? {} : { default: fallback }),
    choices: (core.enum ?? []).map((value) => ({
      value: String(value),
      label: shape.labels?.[String(value)] ?? String(value),
    })),
    min: bound(core.minimum),
    max: bound(core.maximum),
  };
}

function typeOf({ type, title, items, isSecret, enum: values }: Shape): SettingField['type'] {
  if (values) return 'choice';
  if (type === 'boolean') return 'switch';
  if (type === 'integer' || type === 'number') return type;
  if (type === 'string') return isSecret || title === undefined ? 'secret' : 'text';
  return type === 'array' && items?.type === 'string' ? 'list' : 'json';
}

/** Unlimited integers have the largest safe integer as their limit in JSON Schema. */
function bound(limit: number | undefined): number | null {
  return limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? null : limit;
}

/** Splits settings into those that may be shown and the paths of secrets. A setting without a field counts as a secret. */
export function withoutSecrets(
  settings: Readonly<Record<string, unknown>>,
  groups: readonly SettingGroup[],
): { settings: Record<string, unknown>; secrets: string[] } {
  const shown = new Set(
    groups.flatMap(({ fields }) => fields.filter(({ type }) => type !== 'secret').map(({ path }) => path)),
  );
  const nested = new Set(groups.map(({ path }) => path));
  const secrets: string[] = [];
  const strip = (part: object, path: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(part).flatMap(([name, value]) => {
        const partPath = path === '' ? name : `${path}.${name}`;
        if (shown.has(partPath)) return [[name, value] as const];
        if (nested.has(partPath) && typeof value === 'object' && value !== null) {
          return [[name, strip(value, partPath)] as const];
        }
        secrets.push(partPath);
        return [];
      }),
    );
  return { settings: strip(settings, ''), secrets };
}
