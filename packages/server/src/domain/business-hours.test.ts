import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterOpenMinutes, businessHoursSchema, formatInstant, openingAt } from './business-hours.ts';

const workdays = { from: '09:00', to: '17:00' };
const hours = businessHoursSchema.parse({
  timeZone: 'Europe/Berlin',
  weekly: {
    monday: [workdays],
    tuesday: [
      { from: '09:00', to: '12:00' },
      { from: '13:00', to: '17:00' },
    ],
    wednesday: [workdays],
    thursday: [workdays],
    friday: [{ from: '20:00', to: '24:00' }],
    saturday: [{ from: '00:00', to: '02:00' }],
  },
  holidays: ['2026-12-24'],
});
const at = (instant: string) => Date.parse(instant);

describe('the team is open', () => {
  it.each([
    ['in the hours of the day', '2026-11-23T10:00:00+01:00', true, '2026-11-23T17:00:00+01:00'],
    ['from the very minute', '2026-11-23T09:00:00+01:00', true, '2026-11-23T17:00:00+01:00'],
    ['no longer from the minute of the end', '2026-11-23T17:00:00+01:00', false, '2026-11-24T09:00:00+01:00'],
    ['not in a break', '2026-11-24T12:30:00+01:00', false, '2026-11-24T13:00:00+01:00'],
    ['through midnight', '2026-11-27T23:00:00+01:00', true, '2026-11-28T02:00:00+01:00'],
    ['not on a Sunday', '2026-11-29T10:00:00+01:00', false, '2026-11-30T09:00:00+01:00'],
    ['not on a holiday', '2026-12-24T10:00:00+01:00', false, '2026-12-25T20:00:00+01:00'],
    ['by the clock of summer too', '2026-07-06T09:00:00+02:00', true, '2026-07-06T17:00:00+02:00'],
  ])('%s', (_name, instant, isOpen, changesAt) => {
    expect(openingAt(hours, at(instant))).toEqual({ isOpen, changesAt: new Date(changesAt).toISOString() });
  });

  it('always without set hours or with all hours, and never with none', () => {
    const always = Object.keys(hours.weekly).map((day) => [day, [{ from: '00:00', to: '24:00' }]]);
    const round = businessHoursSchema.parse({ timeZone: 'UTC', weekly: Object.fromEntries(always) });
    const never = businessHoursSchema.parse({ timeZone: 'UTC', weekly: {} });
    expect(openingAt(null, 0)).toEqual({ isOpen: true, changesAt: null });
    expect(openingAt(round, at('2026-11-25T23:59:00Z'))).toEqual({ isOpen: true, changesAt: null });
    expect(openingAt(never, at('2026-11-25T10:00:00Z'))).toEqual({ isOpen: false, changesAt: null });
    expect(afterOpenMinutes(never, 0, 5)).toBeNull();
  });

  it('changes exactly at the reported instant', () => {
    const span = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-06-01T00:00:00Z') });
    fc.assert(
      fc.property(span, (from) => {
        const { isOpen, changesAt } = openingAt(hours, from);
        const change = Date.parse(changesAt ?? '');
        expect(change).toBeGreaterThan(from);
        expect(openingAt(hours, change - 1).isOpen).toBe(isOpen);
        expect(openingAt(hours, change).isOpen).toBe(!isOpen);
      }),
    );
  });
});

describe('minutes of business hours', () => {
  it.each([
    ['within a day', '2026-11-23T10:00:00+01:00', 30, '2026-11-23T10:30:00+01:00'],
    ['over night', '2026-11-23T16:50:00+01:00', 30, '2026-11-24T09:20:00+01:00'],
    ['from before the opening', '2026-11-23T03:00:00+01:00', 30, '2026-11-23T09:30:00+01:00'],
    ['over a break', '2026-11-24T11:50:00+01:00', 20, '2026-11-24T13:10:00+01:00'],
  ])('pass %s', (_name, from, minutes, until) => {
    expect(afterOpenMinutes(hours, at(from), minutes)).toBe(new Date(until).toISOString());
  });
});

describe('hours', () => {
  it('are formatted in the customer’s language', () => {
    expect(formatInstant(hours, '2026-11-30T08:00:00.000Z', 'en')).toMatch(/^Monday, November 30.*\b9:00/);
  });

  it.each([
    ['an unknown time zone', { timeZone: 'Mars/Olympus', weekly: {} }],
    [
      'an end before the beginning',
      { timeZone: 'UTC', weekly: { monday: [{ from: '10:00', to: '09:00' }] } },
    ],
    ['an overlap', { timeZone: 'UTC', weekly: { monday: [workdays, { from: '16:00', to: '18:00' }] } }],
    ['a day that does not exist', { timeZone: 'UTC', weekly: {}, holidays: ['2026-02-30'] }],
  ])('cannot have %s', (_name, setting) => {
    expect(businessHoursSchema.safeParse(setting).success).toBe(false);
  });
});
