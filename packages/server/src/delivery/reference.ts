/** What a part is sent with: the same in every attempt, and the provider's echo brings it back. */
export function referenceOf(deliveryId: number, part: number): string {
  return `mevrik:${deliveryId}:${part}`;
}

/** The delivery and part of a reference; `undefined` where it is somebody else's. */
export function readReference(reference: string): { deliveryId: number; part: number } | undefined {
  const found = /^mevrik:(\d{1,15}):(\d{1,4})$/.exec(reference);
  return found ? { deliveryId: Number(found[1]), part: Number(found[2]) } : undefined;
}
