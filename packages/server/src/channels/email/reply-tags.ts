import { createHmac } from 'node:crypto';
import { sameSecret } from '../../auth/secrets.ts';
import { domainOf, splitTag } from './address-parts.ts';

/** 80 bits in hexadecimal: too long to guess, short enough for an address. */
const macLength = 20;
const maxLocalPart = 64;

/**
 * The Reply-To address of a conversation: the channel's address with a signed tag, such as `support+tag@example.com`.
 * If the tag does not fit, the address without a tag.
 */
export function replyAddress(address: string, contactIdentityId: number, key: Buffer): string {
  const plain = splitTag(address).address;
  const id = contactIdentityId.toString(36);
  const tagged = `${plain.slice(0, plain.lastIndexOf('@'))}+${id}-${macOf(`conversation ${id}`, key)}`;
  return tagged.length > maxLocalPart ? address : `${tagged}@${domainOf(address)}`;
}

/** The contact identity of a tag; `undefined` if its signature is invalid. */
export function readReplyTag(tag: string, key: Buffer): number | undefined {
  const [, id, mac] = /^([0-9a-z]{1,11})-([0-9a-f]{20})$/.exec(tag.toLowerCase()) ?? [];
  if (id === undefined || mac === undefined || !sameSecret(mac, macOf(`conversation ${id}`, key)))
    return undefined;
  const number = Number.parseInt(id, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The signed Message-ID of a reference: the same in every attempt. */
export function messageIdOf(reference: string, address: string, key: Buffer): string {
  return `<${reference.replaceAll(':', '.')}.${macOf(`message ${reference}`, key)}@${domainOf(address)}>`;
}

/** The reference of a Message-ID; `undefined` if its signature is invalid. */
export function readMessageId(messageId: string, key: Buffer): string | undefined {
  const [, signed, mac] = /^<([\w.]{1,60})\.([0-9a-f]{20})@[^<>\s]+>$/.exec(messageId) ?? [];
  const reference = signed?.replaceAll('.', ':');
  if (reference === undefined || mac === undefined) return undefined;
  return sameSecret(mac, macOf(`message ${reference}`, key)) ? reference : undefined;
}

function macOf(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(`email ${text}`).digest('hex').slice(0, macLength);
}
