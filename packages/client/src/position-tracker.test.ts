import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PositionTracker } from './position-tracker.ts';

type At = readonly [partition: number, offset: number];

/**
 * A gateway with its log: frames in the order of their partition, some repeated, with cuts anywhere. A client
 * that resubscribes receives the frames after its positions, or learns that it cannot.
 */
class Gateway {
  readonly log: At[] = [];
  #epoch = 1;

  write(partition: number): At {
    const at: At = [partition, this.log.filter(([one]) => one === partition).length];
    this.log.push(at);
    return at;
  }

  restore(): void {
    this.#epoch += 1;
  }

  /** The result of a subscription: frames, then the topic's position. */
  subscribe(asked: PositionTracker['position'], canTell: boolean) {
    const positions: Record<string, number> = {};
    for (const [partition, offset] of this.log) positions[partition] = offset;
    for (const partition of [0, 1, 2]) positions[partition] ??= -1;
    const answer = { epoch: String(this.#epoch), positions };
    if (!asked) return { missed: [], answer };
    if (!canTell || asked.epoch !== answer.epoch)
      return { missed: [], answer: { ...answer, recovered: false } };
    const missed = this.log.filter(([partition, offset]) => offset > (asked.positions[partition] ?? -1));
    return { missed, answer: { ...answer, recovered: true } };
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), partition: fc.nat({ max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), index: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      /** The number of missed frames that arrive before the next cut; all of them if `null`. */
      through: fc.option(fc.nat({ max: 4 })),
      away: fc.array(fc.nat({ max: 2 }), { maxLength: 5 }),
      canTell: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const) }) },
);

describe('a client over many connections', () => {
  it('receives everything once and in order, or is asked to reload', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const gateway = new Gateway();
        const tracker = new PositionTracker();
        let shown: At[] = [];
        /** Everything from this number on must be delivered. */
        let from = 0;
        let isConnected = true;
        const accept = (at: At) => {
          if (tracker.accept(at)) shown.push(at);
        };
        const load = () => {
          from = gateway.log.length;
          shown = [];
        };
        tracker.subscribed(gateway.subscribe(undefined, true).answer);
        for (const one of steps) {
          if (one.kind === 'restore') {
            gateway.restore();
          } else if (one.kind === 'write') {
            const at = gateway.write(one.partition);
            if (isConnected) accept(at);
          } else if (one.kind === 'again') {
            const at = gateway.log[one.index % Math.max(1, gateway.log.length)];
            if (at && isConnected && shown.includes(at)) accept(at);
          } else {
            for (const partition of one.away) gateway.write(partition);
            const { missed, answer } = gateway.subscribe(tracker.position, one.canTell);
            isConnected = one.through === null;
            for (const at of missed.slice(0, one.through ?? missed.length)) accept(at);
            if (isConnected && tracker.subscribed(answer) === 'reload') load();
          }
        }
        const { missed, answer } = gateway.subscribe(tracker.position, true);
        for (const at of missed) accept(at);
        if (tracker.subscribed(answer) === 'reload') load();
        const byPartition = (all: readonly At[]) => [0, 1, 2].map((p) => all.filter(([one]) => one === p));
        expect(byPartition(shown)).toEqual(byPartition(gateway.log.slice(from)));
      }),
      { numRuns: 500 },
    );
  });

  it('has to reload after a subscription that could not recover', () => {
    const tracker = new PositionTracker({ epoch: 'a', positions: { 1: 5 } });
    expect(tracker.subscribed(undefined)).toBe('reload');
    expect(tracker.position).toBeUndefined();
  });
});
