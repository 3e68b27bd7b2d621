import { domainToASCII } from 'node:url';

/** Longer addresses are nobody's: a local part has at most 64 characters, and contacts have 200. */
const maxLength = 200;
const shape = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@]{1,255}$/u;

/**
 * An address in the form in which addresses are compared: in lower case, with the domain as it is in the DNS.
 * `undefined` where it is none.
 */
export function normaliseAddress(address: string): string | undefined {
  const trimmed = address.trim().normalize('NFC');
  if (!shape.test(trimmed)) return undefined;
  const at = trimmed.lastIndexOf('@');
  const domain = domainToASCII(trimmed.slice(at + 1));
  const normal = `${trimmed.slice(0, at).toLowerCase()}@${domain}`;
  return domain === '' || normal.length > maxLength ? undefined : normal;
}

/** Takes `support+tag@example.com` apart; the tag is `null` where there is none. */
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
