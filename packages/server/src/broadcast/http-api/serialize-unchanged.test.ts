import { pusherChannelsSchema } from '@mevrik/protocol';
import { expect, it } from 'vitest';
import { serializeUnchanged } from './serialize-unchanged.ts';

const serialize = serializeUnchanged({
  schema: pusherChannelsSchema,
  method: 'GET',
  url: '/apps/:appId/channels',
});

it('sends every byte of a response, fields and names that parsing would lose included', () => {
  const text = '{"later":1,"channels":{"__proto__":{"cache":{"data":"{}","event":"e","at":5}},"a":{}}}';
  expect(serialize(JSON.parse(text))).toBe(text);
});

it('rejects a response that its schema does not allow', () => {
  expect(() => serialize({ channels: { a: { user_count: 'many' } } })).toThrow(/response/i);
});

it('needs a schema', () => {
  expect(() => serializeUnchanged({ schema: { type: 'object' }, method: 'GET', url: '/x' })).toThrow(
    'GET /x: the response schema is not a Zod schema.',
  );
});
