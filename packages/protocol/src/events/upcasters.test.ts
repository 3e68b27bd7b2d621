import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './event.ts';

const rest = {
  name: 'Renamed',
  title: 'Renamed',
  summary: 'A name changed.',
  trigger: 'A test.',
  schema: z.strictObject({ name: z.string() }),
  key: () => 'key',
  appId: () => 1,
  sessionId: () => null,
};

describe('the definition of a changed event', () => {
  it('needs an upcaster from each older version', () => {
    const upcast = (data: unknown) => data;
    expect(() => defineEvent({ ...rest, version: 3, upcasters: { 1: upcast } })).toThrow(
      'Renamed has no upcaster from version 2.',
    );
    expect(defineEvent({ ...rest, version: 3, upcasters: { 1: upcast, 2: upcast } }).version).toBe(3);
    expect(defineEvent(rest).version).toBe(1);
  });
});
