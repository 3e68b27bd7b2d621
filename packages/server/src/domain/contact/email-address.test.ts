import { describe, expect, it } from 'vitest';
import { normaliseEmailAddress } from './email-address.ts';

describe('an email address', () => {
  it.each([
    ['Vera@HOME.example', 'vera@home.example'],
    [' vera@home.example ', 'vera@home.example'],
    ['vera@bücher.example', 'vera@xn--bcher-kva.example'],
    ['vera@XN--BCHER-KVA.example', 'vera@xn--bcher-kva.example'],
    ['jürgen@home.example', 'jürgen@home.example'],
    ['vera+shop@home.example', 'vera+shop@home.example'],
  ])('%s is compared as %s', (given, normal) => {
    expect(normaliseEmailAddress(given)).toBe(normal);
  });

  it.each([
    '',
    'vera',
    '@home.example',
    'vera@',
    'a b@home.example',
    'vera@home.example, x@y.example',
    `${'x'.repeat(65)}@home.example`,
    'v\u0000era@home.example',
  ])('%j is not an email address', (given) => {
    expect(normaliseEmailAddress(given)).toBeUndefined();
  });
});
