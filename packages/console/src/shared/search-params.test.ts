import { describe, expect, it } from 'vitest';
import { readDeliverySearch } from '../admin/deliveries/delivery-search.ts';
import { readReplaySearch, requestOf, searchOf } from '../admin/replays/replay-search.ts';
import { listOf, readTexts } from './search-params.ts';

describe('the parameters of a URL', () => {
  it('are read as text, whatever the router parsed them to', () => {
    const search = { id: 5, isOpen: true, name: 'Vera', empty: '', missing: undefined, other: 'x' };
    expect(readTexts(search, ['id', 'isOpen', 'name', 'empty', 'missing'])).toEqual({
      id: '5',
      isOpen: 'true',
      name: 'Vera',
    });
  });

  it('drop an unknown delivery status', () => {
    expect(readDeliverySearch({ status: 'failed', messageId: 7 })).toEqual({
      status: 'failed',
      messageId: '7',
    });
    expect(readDeliverySearch({ status: 'toString' })).toEqual({});
  });

  it('hold lists of names, separated by commas', () => {
    expect(listOf('a,,b')).toEqual(['a', 'b']);
    expect(listOf(undefined)).toEqual([]);
  });
});

describe('the parameters of a replay', () => {
  it('repeat a replay', () => {
    const filter = { types: ['MessageReadyEvent', 'MessageReplyReadyEvent'], appId: 1 };
    const search = searchOf({ filter, listeners: ['answer', 'count'] });
    expect(search).toEqual({
      types: 'MessageReadyEvent,MessageReplyReadyEvent',
      appId: '1',
      listeners: 'answer,count',
    });
    expect(requestOf(search)).toEqual({ filter, listeners: ['answer', 'count'] });
  });

  it('leave out what is empty', () => {
    expect(readReplaySearch({ key: '', listeners: 'answer' })).toEqual({ listeners: 'answer' });
  });
});
