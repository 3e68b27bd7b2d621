import { createHmac } from 'node:crypto';
import { sameSecret } from '../../auth/secrets.ts';
import { domainOf, splitTag } from './address-parts.ts';

/** 80 bits: nobody guesses one, and it fits into an address. */
const macLength = 20;
const maxLocalPart = 64;

/**
 * The address that answers come back to: `support@example.com` with a mark of the conversation that only we can make.
 * Where the mark does not fit, the address itself.
 */
export function replyAddress(address: string, contactIdentityId: number, key: Buffer): string {
  const plain = splitTag(address).address;
  const id = contactIdentityId.toString(36);
  const marked = `${plain.slice(0, plain.lastIndexOf('@'))}+${id}-${macOf(`conversation ${id}`, key)}`;
  return marked.length > maxLocalPart ? address : `${marked}@${domainOf(address)}`;
}

/** The contact identity whose conversation a tag marks; `undefined` where we have not made it. */
export function readReplyTag(tag: string, key: Buffer): number | undefined {
  const [, id, mac] = /^([0-9a-z]{1,11})-([0-9a-f]{20})$/.exec(tag.toLowerCase()) ?? [];
  if (id === undefined || mac === undefined || !sameSecret(mac, macOf(`conversation ${id}`, key)))
    return undefined;
  const number = Number.parseInt(id, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The Message-ID of what is sent with a reference: the same in every attempt, and only we can make it. */
export function messageIdOf(reference: string, address: string, key: Buffer): string {
  return `<${reference.replaceAll(':', '.')}.${macOf(`message ${reference}`, key)}@${domainOf(address)}>`;
}

/** The reference of a Message-ID that we have made; `undefined` where it is somebody else's. */
export function readMessageId(messageId: string, key: Buffer): string | undefined {
  const [, marked, mac] = /^<([\w.]{1,60})\.([0-9a-f]{20})@[^<>\s]+>$/.exec(messageId) ?? [];
  const reference = marked?.replaceAll('.', ':');
  if (reference === undefined || mac === undefined) return undefined;
  return sameSecret(mac, macOf(`message ${reference}`, key)) ? reference : undefined;
}

function macOf(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(`mail ${text}`).digest('hex').slice(0, macLength);
}
