import { createHmac } from 'node:crypto';
import { sameSecret } from '../../auth/secrets.ts';
import { domainOf, splitTag } from './address-parts.ts';

/** 80 bits in hexadecimal: too long to guess, short enough for an address. */
const macLength = 20;
const markLength = 8;
const maxLocalPart = 64;

/**
 * The contact that a tag is for. Its signature covers the id on the channel too: after a restore, the database's ids can be
 * those of other contacts.
 */
interface TaggedContact {
  readonly contactIdentityId: number;
  readonly contactId: string;
}

/**
 * The Reply-To address of a conversation: the channel's address with a signed tag, such as `support+tag@example.com`.
 * If the tag does not fit, the address without a tag.
 */
export function replyAddress(address: string, contact: TaggedContact, key: Buffer): string {
  const plain = splitTag(address).address;
  const tagged = `${plain.slice(0, plain.lastIndexOf('@'))}+${replyTagOf(contact, key)}`;
  return tagged.length > maxLocalPart ? address : `${tagged}@${domainOf(address)}`;
}

/** The contact identity that a tag names; `undefined` if it is not one of ours. Check it with `isReplyTagOf`. */
export function readReplyTag(tag: string): number | undefined {
  const id = /^([0-9a-z]{1,11})-[0-9a-f]{20}$/.exec(tag.toLowerCase())?.[1];
  const number = id === undefined ? Number.NaN : Number.parseInt(id, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Whether a tag was signed for a contact. */
export function isReplyTagOf(tag: string, contact: TaggedContact, key: Buffer): boolean {
  return sameSecret(tag.toLowerCase(), replyTagOf(contact, key));
}

function replyTagOf({ contactIdentityId, contactId }: TaggedContact, key: Buffer): string {
  const id = contactIdentityId.toString(36);
  return `${id}-${macOf(`conversation ${id} ${contactId}`, key)}`;
}

/** The signed Message-ID of an email to a contact: the same in every attempt. */
export function messageIdOf(
  { reference, contactId }: { readonly reference: string; readonly contactId: string },
  address: string,
  key: Buffer,
): string {
  const mark = markOf(contactId, key);
  const mac = macOf(`message ${reference} ${mark}`, key);
  return `<${reference.replaceAll(':', '.')}.${mark}.${mac}@${domainOf(address)}>`;
}

/** An email of ours, by its Message-ID. */
interface SignedMessageId {
  readonly reference: string;
  /** Whether it was sent to this contact. */
  readonly isFor: (contactId: string) => boolean;
}

/** Reads a Message-ID; `undefined` if its signature is invalid. */
export function readMessageId(messageId: string, key: Buffer): SignedMessageId | undefined {
  const [, signed, mark, mac] =
    /^<([\w.]{1,60})\.([0-9a-f]{8})\.([0-9a-f]{20})@[^<>\s]+>$/.exec(messageId) ?? [];
  const reference = signed?.replaceAll('.', ':');
  if (reference === undefined || mark === undefined || mac === undefined) return undefined;
  if (!sameSecret(mac, macOf(`message ${reference} ${mark}`, key))) return undefined;
  return { reference, isFor: (contactId) => markOf(contactId, key) === mark };
}

/** Distinguishes contacts; the signature of the whole is what cannot be forged. */
function markOf(contactId: string, key: Buffer): string {
  return macOf(`contact ${contactId}`, key).slice(0, markLength);
}

function macOf(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(`email ${text}`).digest('hex').slice(0, macLength);
}
