import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditEntry } from './audit.ts';
import { AuditLog } from './audit-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function startLog() {
  const written: AuditEntry[] = [];
  const log = new AuditLog({ write: async (entry) => void written.push(entry), onError: () => {} });
  return { log, written };
}

const rejection = (address: string, requestId = 'r'): AuditEntry => ({
  appId: 1,
  actor: 'anonymous',
  action: 'request.reject',
  target: 'POST /v1/messages',
  detail: { code: 'unauthenticated', address, requestId },
});

describe('rejections', () => {
  it('of the same kind are written once in a minute, and then how often they were repeated', () => {
    const { log, written } = startLog();
    for (let count = 0; count < 1_000; count++) log.add(rejection('192.0.2.1', `request ${count}`));
    log.add(rejection('192.0.2.2'));
    expect(written).toEqual([rejection('192.0.2.1', 'request 0'), rejection('192.0.2.2')]);
    vi.advanceTimersByTime(60_000);
    expect(written.slice(2)).toEqual([
      { ...rejection('192.0.2.1'), detail: { code: 'unauthenticated', address: '192.0.2.1', repeats: 999 } },
    ]);
    log.add(rejection('192.0.2.1', 'later'));
    expect(written.at(-1)).toEqual(rejection('192.0.2.1', 'later'));
    vi.advanceTimersByTime(120_000);
    expect(written).toHaveLength(4);
  });

  it('from ever new addresses are counted once there are too many', () => {
    const { log, written } = startLog();
    for (let count = 0; count < 100_000; count++) log.add(rejection(`address ${count}`));
    expect(written).toHaveLength(100);
    vi.advanceTimersByTime(60_000);
    expect(written.slice(100)).toEqual([
      {
        appId: 1,
        actor: 'various',
        action: 'request.reject',
        target: null,
        detail: { repeats: 99_900 },
      },
    ]);
  });

  it('of an app are written while another app has too many', () => {
    const { log, written } = startLog();
    for (let count = 0; count < 1_000; count++) log.add(rejection(`address ${count}`));
    const other = { ...rejection('192.0.2.1'), appId: 2 };
    log.add(other);
    expect(written.at(-1)).toEqual(other);
  });

  it('that were only counted are written when the log stops', async () => {
    const { log, written } = startLog();
    log.add(rejection('192.0.2.1'));
    log.add(rejection('192.0.2.1'));
    await log.stop();
    expect(written.at(-1)?.detail).toMatchObject({ repeats: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('what agents do is written each time', () => {
  const { log, written } = startLog();
  const entry = { appId: 1, actor: 'agent 7', action: 'case.close', target: 'case 3' };
  log.add(entry);
  log.add(entry);
  expect(written).toEqual([entry, entry]);
});
