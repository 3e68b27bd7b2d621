import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standStill } from '../../../../../test/support/stand-still.ts';
import type { PusherMessage } from './broadcast-message.ts';
import { MemberChanges } from './member-changes.ts';
import { presenceMessage } from './presence-message.ts';

const at = { appId: 1, channel: 'presence-room' };
const change = (what: 'member_added' | 'member_removed', user_id: string, order: number): PusherMessage => ({
  ...presenceMessage(what, at, { user_id }),
  order,
});

let delivered: (number | undefined)[];
let changes: MemberChanges;
beforeEach(() => {
  vi.useFakeTimers();
  delivered = [];
  changes = new MemberChanges('here', ({ order }) => delivered.push(order));
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a change of this node', () => {
  it('that comes back is delivered then, and once', () => {
    changes.expect(change('member_added', 'ann', 1));
    changes.receive(change('member_added', 'ann', 1));
    vi.advanceTimersByTime(10_000);
    expect(delivered).toEqual([1]);
  });

  it('that does not come back is delivered after a second, unless a newer one of the user was', () => {
    changes.expect(change('member_removed', 'ann', 1));
    changes.expect(change('member_added', 'bob', 2));
    changes.receive(change('member_added', 'ann', 3));
    vi.advanceTimersByTime(999);
    expect(delivered).toEqual([3]);
    vi.advanceTimersByTime(2);
    expect(delivered).toEqual([3, 2]);
  });

  it('that comes back later, with none of the user in between, is not delivered again', () => {
    changes.expect(change('member_added', 'ann', 5));
    vi.advanceTimersByTime(1_001);
    changes.receive(change('member_added', 'bob', 6));
    changes.receive(change('member_added', 'ann', 5));
    changes.receive(change('member_removed', 'ann', 7));
    expect(delivered).toEqual([5, 6, 7]);
  });

  it('that arrives while the process stands still is delivered once', async () => {
    vi.useRealTimers();
    const { port1, port2 } = new MessageChannel();
    const received = new Promise<void>((resolve) => {
      port2.once('message', () => {
        changes.receive(change('member_added', 'ann', 5));
        resolve();
      });
    });
    changes.expect(change('member_added', 'ann', 5));
    port1.postMessage('');
    standStill(1_100);
    await received;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(delivered).toEqual([5]);
    port1.close();
  });

  it('that comes back later is delivered again: older ones of the user may have come in between', () => {
    changes.expect(change('member_added', 'ann', 5));
    vi.advanceTimersByTime(1_001);
    changes.receive(change('member_removed', 'ann', 4));
    changes.receive(change('member_added', 'ann', 5));
    expect(delivered).toEqual([5, 4, 5]);
  });
});

it('a publication is the message with the order that Redis fills in', () => {
  const message = presenceMessage('member_added', at, { user_id: 'ann' });
  const { name, head, tail } = changes.publicationOf('topic', message);
  expect(name).toBe('topic');
  expect(JSON.parse(`${head}7${tail}`)).toEqual({ node: 'here', message: { order: 7, ...message } });
});
