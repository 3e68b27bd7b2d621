/** Splits `support+tag@example.com` into its address and its tag; the tag is `null` for an address without one. */
export function splitTag(address: string): { readonly address: string; readonly tag: string | null } {
  const at = address.lastIndexOf('@');
  const plus = address.indexOf('+');
  if (plus < 1 || plus > at) return { address, tag: null };
  return { address: address.slice(0, plus) + address.slice(at), tag: address.slice(plus + 1, at) };
}

/** The domain of an address. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
