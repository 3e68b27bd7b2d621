import { describe, expect, it } from 'vitest';
import { attributesOf, newAttribute } from './trial-attributes.ts';

const draft = (name: string, type: 'boolean' | 'number' | 'string', value: string) => ({
  ...newAttribute(),
  name,
  type,
  value,
});

describe('attributes of the test customer', () => {
  it('have the selected type, not the type they look like', () => {
    const drafts = [
      draft(' tier ', 'string', 'gold'),
      draft('zip', 'string', '01067'),
      draft('orders', 'number', '10'),
      draft('rating', 'number', ' 4.5 '),
      draft('beta', 'boolean', 'true'),
      draft('blocked', 'boolean', ''),
    ];
    expect(attributesOf(drafts)).toEqual({
      tier: 'gold',
      zip: '01067',
      orders: 10,
      rating: 4.5,
      beta: true,
      blocked: false,
    });
  });

  it('are left out without a name or with an invalid number', () => {
    const drafts = [
      draft('', 'string', 'gold'),
      draft('orders', 'number', ''),
      draft('rating', 'number', 'many'),
    ];
    expect(attributesOf([...drafts, draft('size', 'number', '1e999'), newAttribute()])).toEqual({});
    expect(attributesOf([draft('note', 'string', '')])).toEqual({ note: '' });
  });
});
