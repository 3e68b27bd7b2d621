import { catalogue, defineEvent, type Event } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { currentEvent, trustEvents, type UnreadableEventError } from './current-event.ts';

/** Version 1 had `first` and `last`, version 2 one `name`, version 3 has a list of names. */
const Renamed = defineEvent({
  name: 'Renamed',
  title: 'Renamed',
  summary: 'A name changed.',
  trigger: 'A test.',
  version: 3,
  schema: z.strictObject({ names: z.array(z.string()) }),
  upcasters: {
    1: (data) => {
      const { first, last } = data as { first: string; last: string };
      return { name: `${first.trim()} ${last.trim()}` };
    },
    2: (data) => ({ names: (data as { name: string }).name.split(' ') }),
  },
  key: () => 'key',
  appId: () => 1,
  sessionId: () => null,
});
const events = catalogue as unknown as Record<string, unknown>;
beforeAll(() => {
  events.Renamed = Renamed;
});
afterAll(() => {
  delete events.Renamed;
});

const stored = (version: number, data: unknown, type = 'Renamed') =>
  ({ id: 'id', type, version, data, key: 'key', partition: 1, offset: 2 }) as unknown as Event;

describe('an event of the log', () => {
  it.each([
    [1, { first: 'Ada ', last: 'Lovelace' }],
    [2, { name: 'Ada Lovelace' }],
    [3, { names: ['Ada', 'Lovelace'] }],
  ])('of version %i is read as the current version', (version, data) => {
    const current = { version: 3, data: { names: ['Ada', 'Lovelace'] } };
    expect(currentEvent(stored(version, data))).toEqual({ ...stored(version, data), ...current });
  });

  it.each([
    ['its type is unknown', stored(1, {}, 'toString'), 'Unknown event type toString', true],
    ['a newer version wrote it', stored(4, {}), 'Version 4 of Renamed is newer than 3', true],
    ['its data does not match', stored(3, { names: 'Ada' }), 'does not match its definition: names', false],
    ['an upcaster fails', stored(1, { first: 'Ada' }), 'cannot be converted', false],
  ])('is unreadable if %s', (_why, event, message, isNewer) => {
    // Twice, as it is read by several listeners.
    for (let reader = 1; reader <= 2; reader++) {
      const read = () => currentEvent(event);
      expect(read).toThrow(message);
      try {
        read();
      } catch (error) {
        expect((error as UnreadableEventError).isNewer).toBe(isNewer);
      }
    }
  });

  it('is not checked again after it was raised here', () => {
    const event = stored(3, 'checked when it was raised');
    trustEvents([event]);
    expect(currentEvent(event)).toBe(event);
  });
});
