import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import { splitTag } from './address-parts.ts';
import { isReplyTagOf, messageIdOf, readMessageId, readReplyTag, replyAddress } from './reply-tags.ts';

const key = Buffer.from('a key of this installation');
const other = Buffer.from('a key of another one');
const contactId = 'kim@home.example';
const seventh = { contactIdentityId: 7, contactId };
const sent = { reference: 'mevrik:12:0', contactId };
const tagOf = (address: string) => splitTag(address).tag ?? '';

describe('the tag of a conversation', () => {
  it('is read from the address in any letter case', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (id) => {
        const contact = { contactIdentityId: id, contactId };
        const address = replyAddress('support@shop.example', contact, key);
        for (const tag of [tagOf(address), tagOf(address.toUpperCase())]) {
          expect(readReplyTag(tag)).toBe(id);
          expect(isReplyTagOf(tag, contact, key)).toBe(true);
        }
        expect(isReplyTagOf(tagOf(address), contact, other)).toBe(false);
        expect(normaliseEmailAddress(address)).toBe(address);
      }),
    );
  });

  it('is invalid for another conversation', () => {
    const tag = tagOf(replyAddress('support@shop.example', seventh, key));
    expect(isReplyTagOf(tag.replace('7-', '8-'), { ...seventh, contactIdentityId: 8 }, key)).toBe(false);
    for (const nonsense of ['', '7', '7-', `7-${'0'.repeat(20)}`, `-${'0'.repeat(20)}`]) {
      expect(isReplyTagOf(nonsense, seventh, key)).toBe(false);
    }
  });

  it('is invalid for another contact who has got the same id, as after a restore', () => {
    const tag = tagOf(replyAddress('support@shop.example', seventh, key));
    expect(isReplyTagOf(tag, { ...seventh, contactId: 'rita@home.example' }, key)).toBe(false);
  });

  it('is left out if the address gets too long, and replaces another tag', () => {
    const long = `${'x'.repeat(60)}@shop.example`;
    expect(replyAddress(long, seventh, key)).toBe(long);
    expect(replyAddress('support+vip@shop.example', seventh, key)).toMatch(
      /^support\+7-[0-9a-f]{20}@shop\.example$/,
    );
  });
});

describe('the Message-ID of a sent email', () => {
  it('is the same for the same part and contains its reference', () => {
    const messageId = messageIdOf(sent, 'support@shop.example', key);
    expect(messageIdOf(sent, 'support@shop.example', key)).toBe(messageId);
    expect(readMessageId(messageId, key)?.reference).toBe('mevrik:12:0');
    expect(readMessageId(messageId, key)?.isFor(contactId)).toBe(true);
    expect(readMessageId(messageId, key)?.isFor('rita@home.example')).toBe(false);
  });

  it('cannot be forged', () => {
    const messageId = messageIdOf(sent, 'support@shop.example', key);
    expect(readMessageId(messageId, other)).toBeUndefined();
    expect(readMessageId(messageId.replace('.12.', '.13.'), key)).toBeUndefined();
    expect(readMessageId('<asked@home.example>', key)).toBeUndefined();
  });
});
