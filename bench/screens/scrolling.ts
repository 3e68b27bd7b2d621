import type { CDPSession, Page } from 'playwright-core';

/** Measurements of scrolling. */
export interface Scrolling {
  readonly frames: number;
  /** Milliseconds between two frames: median and 99th percentile. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Milliseconds of main-thread work per frame. */
  readonly workMs: number;
  /** Tasks that blocked the page for more than 50 ms. */
  readonly longTasks: number;
}

/** Scrolls an element by `step` pixels per frame; up if negative. */
export async function scroll(
  page: Page,
  selector: string,
  { step, frames }: { readonly step: number; readonly frames: number },
): Promise<Scrolling> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const before = await workedMs(session);
  const measured = await page.evaluate(
    async ([part, by, count]) => {
      const { document, requestAnimationFrame, performance, PerformanceObserver } = globalThis as unknown as {
        document: {
          querySelector(of: string): { scrollTop: number; scrollHeight: number; clientHeight: number };
        };
        requestAnimationFrame(act: (at: number) => void): void;
        performance: { now(): number };
        PerformanceObserver: new (
          take: (list: { getEntries(): object[] }) => void,
        ) => { observe(options: object): void; disconnect(): void; takeRecords(): object[] };
      };
      const element = document.querySelector(part);
      let longTasks = 0;
      const observer = new PerformanceObserver((list) => {
        longTasks += list.getEntries().length;
      });
      observer.observe({ type: 'longtask' });
      const deltas: number[] = [];
      let direction = by;
      await new Promise<void>((done) => {
        let last = performance.now();
        const frame = (at: number) => {
          deltas.push(at - last);
          last = at;
          if (deltas.length > count) return done();
          const bottom = element.scrollHeight - element.clientHeight;
          if (element.scrollTop + direction < 0 || element.scrollTop + direction > bottom)
            direction = -direction;
          element.scrollTop += direction;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      longTasks += observer.takeRecords().length;
      observer.disconnect();
      return { deltas: deltas.slice(1), longTasks };
    },
    [selector, step, frames] as const,
  );
  const worked = (await workedMs(session)) - before;
  await session.detach();
  const sorted = measured.deltas.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    frames: sorted.length,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    workMs: worked / Math.max(1, sorted.length),
    longTasks: measured.longTasks,
  };
}

async function workedMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  const { value = 0 } = metrics.find(({ name }) => name === 'TaskDuration') ?? {};
  return value * 1_000;
}

/** Scrolls to the end or the beginning until everything is loaded. */
export async function scrollThrough(
  page: Page,
  selector: string,
  to: 'beginning' | 'end',
  isThere: () => Promise<boolean>,
): Promise<void> {
  while (!(await isThere())) {
    await page.evaluate(
      ([part, toEnd]) => {
        const { document } = globalThis as unknown as {
          document: { querySelector(of: string): { scrollTop: number; scrollHeight: number } };
        };
        const element = document.querySelector(part);
        element.scrollTop = toEnd ? element.scrollHeight : 0;
      },
      [selector, to === 'end'] as const,
    );
    await page.waitForTimeout(30);
  }
}
