import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeFieldErrors, fieldErrorsOf } from './field-errors.ts';

beforeAll(describeFieldErrors);

describe('what is wrong with a field', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.string(), undefined, 'is required'],
    [z.enum(['web', 'email']), undefined, 'is required'],
    [z.string(), 5, 'must be a text'],
    [z.int(), 1.5, 'must be a whole number'],
    [z.coerce.number(), 'soon', 'must be a number'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.array(z.string()), 'a', 'must be a list'],
    [z.object({}), [], 'must be an object'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(2), 'a', 'must have at least 2 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 character'],
    [z.array(z.string()).max(2), ['a', 'b', 'c'], 'must have at most 2 items'],
    [z.number().min(3), 1, 'must be at least 3'],
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().lt(3), 3, 'must be less than 3'],
    [z.number().multipleOf(5), 3, 'must be a multiple of 5'],
    [z.email(), 'ada', 'must be an email address'],
    [z.url(), 'example', 'must be a URL'],
    [z.iso.datetime(), 'today', 'must be a date and time such as 2026-01-31T09:00:00Z'],
    [z.string().regex(/^a/), 'b', 'must be in the expected format'],
    [z.string().regex(/^a/, 'must start with a'), 'b', 'must start with a'],
    [z.enum(['web', 'email']), 'fax', 'must be one of web, email'],
    [z.literal('web'), 'fax', 'must be web'],
    [z.union([z.string(), z.number()]), true, 'is not valid'],
  ])('%# is said in plain words', (schema, value, message) => {
    const { error } = schema.safeParse(value);
    expect(error && fieldErrorsOf(error)).toEqual([{ path: '', message }]);
  });

  it('names the field, within the one that was validated', () => {
    const schema = z.object({ smtp: z.object({ port: z.int() }) });
    const { error } = schema.safeParse({ smtp: {} });
    expect(error && fieldErrorsOf(error, 'settings')).toEqual([
      { path: 'settings.smtp.port', message: 'is required' },
    ]);
  });

  it('names the kinds that there are', () => {
    const schema = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('bot') }),
      z.object({ kind: z.literal('queue') }),
    ]);
    const { error } = schema.safeParse({ kind: 'fax' });
    expect(error && fieldErrorsOf(error)).toEqual([{ path: 'kind', message: 'must be one of bot, queue' }]);
  });
});
