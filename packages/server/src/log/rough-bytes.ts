/** What an object, an array or a number takes besides what it contains. */
const overhead = 16;

/** Approximately how many bytes of memory a value of JSON takes. Cheap: nothing is serialized. */
export function roughBytes(value: unknown): number {
  if (typeof value === 'string') return overhead + value.length;
  if (typeof value !== 'object' || value === null) return overhead;
  let bytes = overhead;
  for (const part of Object.values(value)) bytes += overhead + roughBytes(part);
  return bytes;
}
