import { domainToASCII } from 'node:url';

/** A local part has at most 64 characters (RFC 5321), and the id of a contact at most 200. */
const maxLength = 200;
const shape = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@]{1,255}$/u;

/**
 * An email address in the form in which addresses are compared: in lower case, with the domain as it is in the DNS.
 *
 * @returns `undefined` for a text that is not an email address.
 */
export function normaliseEmailAddress(address: string): string | undefined {
  const trimmed = address.trim().normalize('NFC');
  if (!shape.test(trimmed)) return undefined;
  const at = trimmed.lastIndexOf('@');
  const domain = domainToASCII(trimmed.slice(at + 1));
  const normal = `${trimmed.slice(0, at).toLowerCase()}@${domain}`;
  return domain === '' || normal.length > maxLength ? undefined : normal;
}
