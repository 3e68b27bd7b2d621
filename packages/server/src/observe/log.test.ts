import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { printableError } from './serialize-error.ts';

/** A log, and the lines that were written to it. */
function startLog() {
  const lines: { err: Record<string, unknown> }[] = [];
  const output = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { log: createLog('info', false, output), lines };
}

const failure = () =>
  new Error('failed to poll', { cause: new Error('connection lost', { cause: new TypeError('no route') }) });

describe('a logged error', () => {
  it('has its message, its stack and its causes with theirs', () => {
    const { log, lines } = startLog();
    log.warn({ partition: 3, err: failure() }, 'retrying');
    expect(lines).toMatchObject([
      {
        msg: 'retrying',
        partition: 3,
        err: {
          type: 'Error',
          message: 'failed to poll',
          stack: expect.stringMatching(/^Error: failed to poll\n\s+at .*log\.test/),
          cause: {
            message: 'connection lost',
            stack: expect.stringContaining('    at '),
            cause: { type: 'TypeError', message: 'no route', stack: expect.stringContaining('    at ') },
          },
        },
      },
    ]);
  });

  it('has its code, and no other property that a library attached to it', () => {
    const { log, lines } = startLog();
    const error = Object.assign(new Error('timeout'), {
      code: '57014',
      connection: { user: 'u', pass: 'p4ss' },
    });
    log.error({ err: error }, 'failed');
    expect(Object.keys(lines[0]?.err ?? {}).sort()).toEqual(['code', 'message', 'stack', 'type']);
  });

  it('contains no credentials and no parameters of a query', () => {
    const { log, lines } = startLog();
    const texts = [
      'Failed query: INSERT INTO logins VALUES ($1)\nparams: p4ss',
      'cannot reach postgres://mevrik:p4ss@db:5432/mevrik',
      'GET https://graph.test/me?fields=id&access_token=p4ss failed',
      'rejected header Authorization: Bearer p4ss',
    ];
    for (const text of texts) log.error({ err: new Error('failed', { cause: new Error(text) }) }, 'failed');
    expect(lines).toHaveLength(texts.length);
    expect(JSON.stringify(lines)).not.toContain('p4ss');
    expect(lines[1]?.err.cause).toMatchObject({
      message: 'cannot reach postgres://mevrik:(hidden)@db:5432/mevrik',
    });
  });

  it('lists the addresses that could not be reached, and accepts a value that is not an error', () => {
    const { log, lines } = startLog();
    log.error(
      { err: new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]) },
      'failed',
    );
    log.error({ err: 'gone' }, 'failed');
    expect(lines.map(({ err }) => err.message)).toEqual(['refused ::1; refused 127.0.0.1', 'gone']);
  });

  it('ends at a cause that refers back to it', () => {
    const { log, lines } = startLog();
    const error = new Error('a circle');
    error.cause = error;
    log.error({ err: error }, 'failed');
    expect(lines).toHaveLength(1);
  });
});

describe('an error printed at the terminal', () => {
  it('has its stack and those of its causes', () => {
    expect(printableError(failure())).toMatch(
      /^Error: failed to poll\n\s+at [\s\S]+\nCaused by: Error: connection lost\n[\s\S]+\nCaused by: TypeError: no route\n/,
    );
  });
});
