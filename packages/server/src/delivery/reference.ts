/** The reference of a part: the same in every attempt, and part of the provider's echo. */
export function referenceOf(deliveryId: number, part: number): string {
  return `mevrik:${deliveryId}:${part}`;
}

/** The delivery and part of a reference; `undefined` if it is not ours. */
export function readReference(reference: string): { deliveryId: number; part: number } | undefined {
  const found = /^mevrik:(\d{1,15}):(\d{1,4})$/.exec(reference);
  return found ? { deliveryId: Number(found[1]), part: Number(found[2]) } : undefined;
}
