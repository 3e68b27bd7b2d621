import type { QueryTime } from './queries.ts';
import type { Scrolling } from './scrolling.ts';

/** Scrolling a list; `like` names the short list that it is compared with. */
export interface Measured extends Scrolling {
  readonly name: string;
  readonly like: string | null;
}

/** The text of results.md. */
export function report(of: {
  readonly about: string;
  readonly measured: readonly Measured[];
  readonly times: readonly QueryTime[];
}): string {
  const { about, measured, times } = of;
  const rows = measured.map((one) => {
    const short = measured.find(({ name }) => name === one.like);
    const ratio = (pick: (from: Measured) => number) =>
      short ? ` (${(pick(one) / Math.max(0.1, pick(short))).toFixed(1)}×)` : '';
    return `| ${one.name} | ${one.medianMs.toFixed(1)} ms${ratio((from) => from.medianMs)} | ${one.p99Ms.toFixed(1)} ms${ratio((from) => from.p99Ms)} | ${one.workMs.toFixed(1)} ms${ratio((from) => from.workMs)} | ${one.longTasks} |`;
  });
  const first = times[0]?.ms ?? 1;
  return `# The desk's long lists, measured

${about}, by \`npm run bench:screens\`; browser, server and database on one machine.

Each list is scrolled by 90 pixels per frame for ${measured[0]?.frames} frames. In parentheses, the ratio to the short list. *Work*: how long the page's main thread works per frame; at 60 frames per second it has 16.7 ms. *Stalls*: times at which the page did not respond for more than 50 ms.

| | frame time, median | 99th percentile | work | stalls |
|---|---|---|---|---|
${rows.join('\n')}

## The server

The first 50 of 10,000 open conversations, a third of which wait for a reply that is due, through the API; median of 21 requests.

| | |
|---|---|
${times.map(({ name, ms }) => `| ${name} | ${ms.toFixed(1)} ms (${(ms / first).toFixed(1)}×) |`).join('\n')}
`;
}
