import { describe, expect, it } from 'vitest';
import { normalisePhoneNumber } from './phone-number.ts';

describe('a phone number', () => {
  it.each([
    ['+880 1712-345678', null, '+8801712345678'],
    ['01712 345678', 'BD', '+8801712345678'],
    ['(0044) 20 7946 0018', 'GB', '+442079460018'],
    ['+1 (212) 555-0123', 'BD', '+12125550123'],
  ])('%s, of %s, is compared as %s', (written, country, expected) => {
    expect(normalisePhoneNumber(written, country)).toBe(expected);
  });

  it.each([
    ['01712 345678', null],
    [' extension 12 ', 'BD'],
    ['01712 345678', 'nowhere'],
    ['+1', 'US'],
  ])('that cannot be read (%s, of %s) stays as it was written', (written, country) => {
    expect(normalisePhoneNumber(written, country)).toBe(written.trim());
  });
});
