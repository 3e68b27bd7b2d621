import { userOfOnlineChannel, userOnlineChannelName } from '@mevrik/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashTagOf, slotOf } from './slot.ts';

it('a key with the hash tag of a name is in its slot, whatever the id of a watched user', () => {
  const id = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[{}%7D25a]+$/));
  fc.assert(
    fc.property(id, (userId) => {
      const channel = userOnlineChannelName(userId);
      expect(userOfOnlineChannel(channel)).toBe(userId);
      const name = `mevrik:1:${channel}`;
      expect(slotOf(`mevrik:presence:{${hashTagOf(name)}}:${channel}`)).toBe(slotOf(name));
    }),
  );
});
