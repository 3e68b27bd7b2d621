import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import { splitTag } from './address-parts.ts';
import { messageIdOf, readMessageId, readReplyTag, replyAddress } from './reply-tags.ts';

const key = Buffer.from('a key of this installation');
const other = Buffer.from('a key of another one');
const tagOf = (address: string) => splitTag(address).tag ?? '';

describe('the tag of a conversation', () => {
  it('is read from the address in any letter case', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (id) => {
        const address = replyAddress('support@shop.example', id, key);
        expect(readReplyTag(tagOf(address), key)).toBe(id);
        expect(readReplyTag(tagOf(address.toUpperCase()), key)).toBe(id);
        expect(readReplyTag(tagOf(address), other)).toBeUndefined();
        expect(normaliseEmailAddress(address)).toBe(address);
      }),
    );
  });

  it('is invalid for another conversation', () => {
    const tag = tagOf(replyAddress('support@shop.example', 7, key));
    expect(readReplyTag(tag.replace('7-', '8-'), key)).toBeUndefined();
    for (const nonsense of ['', '7', '7-', `7-${'0'.repeat(20)}`, `-${'0'.repeat(20)}`]) {
      expect(readReplyTag(nonsense, key)).toBeUndefined();
    }
  });

  it('is left out if the address gets too long, and replaces another tag', () => {
    const long = `${'x'.repeat(60)}@shop.example`;
    expect(replyAddress(long, 7, key)).toBe(long);
    expect(replyAddress('support+vip@shop.example', 7, key)).toMatch(
      /^support\+7-[0-9a-f]{20}@shop\.example$/,
    );
  });
});

describe('the Message-ID of a sent email', () => {
  it('is the same for the same part and contains its reference', () => {
    const messageId = messageIdOf('mevrik:12:0', 'support@shop.example', key);
    expect(messageIdOf('mevrik:12:0', 'support@shop.example', key)).toBe(messageId);
    expect(readMessageId(messageId, key)).toBe('mevrik:12:0');
  });

  it('cannot be forged', () => {
    const messageId = messageIdOf('mevrik:12:0', 'support@shop.example', key);
    expect(readMessageId(messageId, other)).toBeUndefined();
    expect(readMessageId(messageId.replace('.12.', '.13.'), key)).toBeUndefined();
    expect(readMessageId('<asked@home.example>', key)).toBeUndefined();
  });
});
