/** The number of slots of a cluster. */
export const slotCount = 16_384;

/** The CRC-16 of each byte, with the polynomial of Redis, 0x1021. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The part of a name that its slot depends on. Without `}` in it, a key with this tag is in the same slot. */
export function hashTagOf(name: string): string {
  const start = name.indexOf('{') + 1;
  const end = start > 0 ? name.indexOf('}', start) : -1;
  return end > start ? name.slice(start, end) : name;
}

/** The slot of a key or channel. If it has a hash tag, such as `{app}:key`, only the tag counts. */
export function slotOf(name: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashTagOf(name)))
    crc = ((crc << 8) ^ (table[(crc >> 8) ^ byte] ?? 0)) & 0xffff;
  return crc % slotCount;
}
