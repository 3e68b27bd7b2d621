import { describe, expect, it } from 'vitest';
import { conversationKey, parseConversationKey } from './conversation-key.ts';

describe('the key of a conversation', () => {
  it('is another for another app, channel or contact, whatever a contact is called', () => {
    const contacts = ['a', '1', '1/web:a', 'web:a', ':a', '/a', '2/web:a'];
    const keys = [1, 11, 2].flatMap((appId) =>
      ['web', 'api', 'web-1'].flatMap((channel) =>
        contacts.map((contact) => conversationKey(appId, channel, contact)),
      ),
    );
    expect(new Set(keys).size).toBe(3 * 3 * contacts.length);
    expect(keys[0]).toBe('1/web:a');
  });

  it('is split into the parts it was made of', () => {
    for (const contactId of ['a', '1/web:a', ':a', '', 'two\nlines', '+1 555', 'ключ']) {
      expect(parseConversationKey(conversationKey(7, 'web-1', contactId))).toEqual({
        appId: 7,
        channel: 'web-1',
        contactId,
      });
    }
  });

  it.each(['', 'web:a', '1/web', 'one/web:a', '/web:a', '1/:a'])('is not %j', (text) =>
    expect(() => parseConversationKey(text)).toThrow('Not a conversation key'),
  );
});
