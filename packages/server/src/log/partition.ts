/**
 * The partition of an ordering key: FNV-1a over its UTF-8 bytes, modulo the number of partitions.
 * It decides where events live, so it must never change.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

/** How many partitions the log has; the first migration creates them. */
export const partitionCount = 64;
