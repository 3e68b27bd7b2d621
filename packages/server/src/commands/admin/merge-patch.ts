/** A JSON object. */
type Json = Readonly<Record<string, unknown>>;

/**
 * Applies a JSON merge patch (RFC 7396): omitted keys stay, `null` removes a key, nested objects are merged.
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
