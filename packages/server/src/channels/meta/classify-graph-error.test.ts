import { describe, expect, it } from 'vitest';
import { classifyGraphError } from './classify-graph-error.ts';
import { GraphError } from './graph-client.ts';
import { pauseOf, retryAfterMs } from './graph-limits.ts';

const refused = (code?: number, subcode?: number, status = 400, headers: Record<string, string> = {}) =>
  new GraphError(
    status,
    new Headers(headers),
    code === undefined ? {} : { error: { message: 'ReceivedContent so', code, error_subcode: subcode } },
  );

describe('an error of the Graph API', () => {
  it.each([1, 2])('%i is temporary, and the message’s own', (code) => {
    expect(classifyGraphError(refused(code, undefined, 500))).toMatchObject({
      kind: 'temporary',
      isUncertain: false,
      suspectsChannel: false,
    });
  });

  it.each([4, 17, 32, 341, 368, 613])('%i is a limit of the whole channel', (code) => {
    expect(classifyGraphError(refused(code))).toMatchObject({ kind: 'temporary', pauseMs: 60_000 });
    expect(classifyGraphError(refused(code, undefined, 400, { 'retry-after': '7' }))).toMatchObject({
      pauseMs: 7_000,
    });
  });

  it.each([
    [190, undefined],
    [190, 458],
    [190, 460],
    [190, 463],
    [102, undefined],
  ])('%i/%s takes the channel down: the token is invalid', (code, subcode) => {
    expect(classifyGraphError(refused(code, subcode, 401)).kind).toBe('channel-down');
  });

  it.each([
    [10, 2018278, '24-hour'],
    [10, 2018065, '24-hour'],
    [10, 2534022, '24-hour'],
    [10, 2018108, 'cannot receive'],
    [10, 2018300, 'Another app'],
    [100, 2018001, 'does not exist'],
    [100, 2018047, 'could not be uploaded'],
    [100, 2018109, 'too large'],
    [200, 1545041, 'not available'],
    [551, undefined, 'not available'],
    [10900, undefined, 'already sent'],
    [100, undefined, 'ReceivedContent so'],
    [99_999, 1, 'ReceivedContent so'],
  ])('%i/%s is permanent: %s', (code, subcode, words) => {
    const failure = classifyGraphError(refused(code, subcode));
    expect(failure.kind).toBe('permanent');
    expect(failure.error).toContain(words);
  });

  it('without an error object is uncertain: the message may have been accepted', () => {
    expect(classifyGraphError(refused(undefined, undefined, 502))).toMatchObject({
      kind: 'temporary',
      isUncertain: true,
      suspectsChannel: true,
    });
    expect(classifyGraphError(refused(undefined, undefined, 429))).toMatchObject({ pauseMs: 60_000 });
  });
});

describe('a network error', () => {
  const failed = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])(
    '%s: nothing was sent',
    (code) => {
      expect(classifyGraphError(failed(code))).toMatchObject({ kind: 'temporary', isUncertain: false });
    },
  );

  it.each([
    ['a reset', failed('ECONNRESET')],
    ['a socket that was closed', failed('UND_ERR_SOCKET')],
    ['our timeout', new DOMException('The operation timed out', 'TimeoutError')],
    ['anything else', new Error('who knows')],
    ['not even an error', 'what'],
  ])('%s: the message may have been accepted', (_what, error) => {
    expect(classifyGraphError(error)).toMatchObject({
      kind: 'temporary',
      isUncertain: true,
      suspectsChannel: true,
    });
  });
});

describe('rate limits in headers', () => {
  const usage = (call_count: number, minutes = 0) =>
    JSON.stringify({
      '900': [{ type: 'messenger', call_count, total_time: 1, estimated_time_to_regain_access: minutes }],
    });

  it.each([
    ['nothing', {}, undefined],
    ['a little', { 'x-app-usage': '{"call_count":94,"total_time":1}' }, undefined],
    ['nearly all', { 'x-app-usage': '{"call_count":1,"total_time":95}' }, 60_000],
    ['nearly all of the page’s', { 'x-business-use-case-usage': usage(99) }, 60_000],
    ['all, with a time', { 'x-business-use-case-usage': usage(100, 3) }, 180_000],
    ['a time beyond reason', { 'x-business-use-case-usage': usage(100, 1_000_000) }, 3_600_000],
    ['nonsense', { 'x-app-usage': 'null', 'x-business-use-case-usage': '{"a":7,"b":[null]}' }, undefined],
    ['no JSON', { 'x-app-usage': '{' }, undefined],
  ])('%s used: %o', (_what, headers, pause) => {
    expect(pauseOf(new Headers(headers as Record<string, string>))).toBe(pause);
  });

  it.each([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['0', undefined],
    ['soon', undefined],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 10_000],
    ['99999999', 3_600_000],
  ])('Retry-After %s', (value, expected) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value }), 0)).toBe(expected);
  });
});
