/** An object of JSON. */
type Json = Readonly<Record<string, unknown>>;

/**
 * An object with changes laid over it (RFC 7396): what is absent stays, `null` takes away, objects are changed within.
 */
export function mergePatch(target: Json, changes: Json): Record<string, unknown> {
  const result = new Map(Object.entries(target));
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) result.delete(name);
    else result.set(name, isObject(change) ? mergePatch(objectAt(target, name), change) : change);
  }
  return Object.fromEntries(result);
}

function objectAt(target: Json, name: string): Json {
  const known = Object.hasOwn(target, name) ? target[name] : undefined;
  return isObject(known) ? known : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
