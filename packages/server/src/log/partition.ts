/**
 * The partition of an ordering key: FNV-1a over its UTF-8 bytes, modulo the number of partitions.
 * Stored events rely on it, so it must never change.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

/** The number of partitions of the log, as the first migration creates them. */
export const partitionCount = 64;
