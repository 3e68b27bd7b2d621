import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheFor } from './cache-for.ts';

afterEach(() => vi.restoreAllMocks());

/** A source whose loads are answered by hand. */
function heldSource() {
  const loads: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const load = () => new Promise<string>((resolve, reject) => loads.push({ resolve, reject }));
  return { loads, load };
}

describe('a cache', () => {
  it('shares one load among those who ask, and keeps no failure', async () => {
    const { loads, load } = heldSource();
    const cache = cacheFor(60_000, load);
    const asked = [cache.get('a'), cache.get('a')];
    expect(loads).toHaveLength(1);
    loads[0]?.reject(new Error('away'));
    for (const one of asked) await expect(one).rejects.toThrow('away');
    const again = cache.get('a');
    loads[1]?.resolve('there');
    expect(await again).toBe('there');
  });

  it('loads again after its time', async () => {
    const { loads, load } = heldSource();
    const cache = cacheFor(10, load);
    const first = cache.get('a');
    loads[0]?.resolve('old');
    expect(await first).toBe('old');
    await expect
      .poll(() => {
        void cache.get('a');
        return loads.length;
      })
      .toBe(2);
  });
});

it('a value expires in time when the clock of the machine is set back', async () => {
  const { loads, load } = heldSource();
  const cache = cacheFor(1_000, load);
  const asked = cache.get('a');
  loads[0]?.resolve('old');
  await asked;
  const [time, now] = [Date.now(), performance.now()];
  vi.spyOn(Date, 'now').mockReturnValue(time - 3_600_000);
  vi.spyOn(performance, 'now').mockReturnValue(now + 1_100);
  void cache.get('a');
  expect(loads).toHaveLength(2);
});

describe('a cache of reports', () => {
  it('shares a load for as long as it takes, and keeps its value from then on', async () => {
    const { loads, load } = heldSource();
    const cache = cacheFor(1_000, load, { sharesSlowLoads: true });
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const asked = [cache.get('a')];
    clock.mockReturnValue(60_000);
    asked.push(cache.get('a'));
    expect(loads).toHaveLength(1);
    loads[0]?.resolve('slow');
    expect(await Promise.all(asked)).toEqual(['slow', 'slow']);
    clock.mockReturnValue(60_900);
    expect(await cache.get('a')).toBe('slow');
    expect(loads).toHaveLength(1);
    clock.mockReturnValue(61_100);
    void cache.get('a');
    expect(loads).toHaveLength(2);
  });
});

describe('a cache of values that may be old', () => {
  async function withOld() {
    const { loads, load } = heldSource();
    const cache = cacheFor(10, load, { stale: { waitMs: 50, maxAgeMs: 60_000 } });
    const first = cache.get('a');
    loads[0]?.resolve('old');
    await first;
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 1_000);
    return { cache, loads };
  }

  it('serves the new value if it comes soon', async () => {
    const { cache, loads } = await withOld();
    const asked = cache.get('a');
    loads[1]?.resolve('new');
    expect(await asked).toBe('new');
    expect(await cache.get('a')).toBe('new');
    expect(loads).toHaveLength(2);
  });

  it('serves the old value while the new one does not come, without asking for it again', async () => {
    const { cache, loads } = await withOld();
    expect(await cache.get('a')).toBe('old');
    expect(await cache.get('a')).toBe('old');
    expect(loads).toHaveLength(2);
    loads[1]?.resolve('new');
    await expect.poll(() => cache.get('a')).toBe('new');
  });

  it('serves the old value when loading fails, and asks again', async () => {
    const { cache, loads } = await withOld();
    const asked = cache.get('a');
    loads[1]?.reject(new Error('away'));
    expect(await asked).toBe('old');
    const again = cache.get('a');
    loads[2]?.resolve('new');
    expect(await again).toBe('new');
  });

  it('forgets everything on demand, also what is being loaded', async () => {
    const { cache, loads } = await withOld();
    const asked = cache.get('a');
    cache.forget();
    loads[1]?.resolve('before the change');
    await asked;
    const after = cache.get('a');
    loads[2]?.resolve('after the change');
    expect(await after).toBe('after the change');
    expect(await cache.get('a')).toBe('after the change');
  });
});
