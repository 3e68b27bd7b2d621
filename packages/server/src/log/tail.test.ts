import type { Event } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sql } from '../db/sql.ts';
import { Tail } from './tail.ts';

/** Reading the log fails: only what is in memory can be read. */
const noLog = (() => {
  throw new Error('read from the log');
}) as unknown as Sql;

const eventAt = (partition: number, offset: number, text = '') =>
  ({ partition, offset, data: { text } }) as unknown as Event;

async function kept(tail: Tail, partition: number, upTo: number): Promise<number[]> {
  const offsets = [];
  for (let after = 0; after < upTo; after++) {
    try {
      const [event] = await tail.read(noLog, { partition, after }, 1, true);
      if (event) offsets.push(event.offset);
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'read from the log') throw error;
    }
  }
  return offsets;
}

describe('the newest events', () => {
  it('are kept up to a size: fewer large ones than small ones', async () => {
    const [large, small] = [new Tail(1_000_000), new Tail(1_000_000)];
    for (let offset = 1; offset <= 1_000; offset++) {
      large.add([eventAt(offset % 7, Math.ceil(offset / 7), 'x'.repeat(10_000))]);
      small.add([eventAt(0, offset, 'x')]);
    }
    let count = 0;
    for (let partition = 0; partition < 7; partition++) {
      const offsets = await kept(large, partition, 143);
      expect(offsets.at(-1)).toBe(partition === 0 ? 142 : 143);
      count += offsets.length;
    }
    expect(count).toBeGreaterThan(90);
    expect(count).toBeLessThan(100);
    expect(await kept(small, 0, 1_000)).toHaveLength(1_000);
  });

  it('are read in order and without a gap, whatever was added and forgotten', async () => {
    const step = fc.oneof(
      fc.record({ partition: fc.nat(2), count: fc.integer({ min: 1, max: 5 }), size: fc.nat(400) }),
      fc.record({ forget: fc.nat(2) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const tail = new Tail(4_000);
        const heads = [0, 0, 0];
        for (const one of steps) {
          if ('forget' in one) tail.forget(one.forget);
          else {
            for (let count = 0; count < one.count; count++) {
              heads[one.partition] = (heads[one.partition] ?? 0) + 1;
              tail.add([eventAt(one.partition, heads[one.partition] ?? 0, 'x'.repeat(one.size))]);
            }
          }
        }
        for (const [partition, head] of heads.entries()) {
          for (let after = 0; after <= head; after++) {
            const read = await tail.read(noLog, { partition, after }, 100, false).catch(() => {
              // It is not in memory any more.
              return [];
            });
            expect(read.map(({ offset }) => offset)).toEqual(read.map((_, index) => after + 1 + index));
          }
        }
      }),
    );
  });
});
