/** Seconds from one instant to another, both ISO 8601; 0 where the second is not later. */
export function secondsBetween(fromIso: string, toIso: string): number {
  return Math.max(0, Math.floor((Date.parse(toIso) - Date.parse(fromIso)) / 1000));
}
