import type { QueryTime } from './queries.ts';
import type { Scrolling } from './scrolling.ts';

/** Scrolling through something; `like` names the short one that it is compared with. */
export interface Measured extends Scrolling {
  readonly name: string;
  readonly like: string | null;
}

/** What results.md says. */
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
    return `| ${one.name} | ${one.middleMs.toFixed(1)} ms${ratio((from) => from.middleMs)} | ${one.worstMs.toFixed(1)} ms${ratio((from) => from.worstMs)} | ${one.workMs.toFixed(1)} ms${ratio((from) => from.workMs)} | ${one.longTasks} |`;
  });
  const first = times[0]?.ms ?? 1;
  return `# The desk's long lists, measured

${about}, by \`npm run bench:screens\`; browser, server and database on one machine.

Each part is scrolled by 90 pixels a frame for ${measured[0]?.frames} frames. In parentheses, how many times the short one's. *Work*: how long the page's thread works for a frame; a screen that shows 60 frames a second leaves it 16.7 ms. *Stalls*: times in which the page answered nothing for more than 50 ms.

| | frame to frame, middle | worst of a hundred | work | stalls |
|---|---|---|---|---|
${rows.join('\n')}

## The server

The first 50 of 10,000 open conversations, a third of which wait with an answer due, through the API; of 21 requests the middle one.

| | |
|---|---|
${times.map(({ name, ms }) => `| ${name} | ${ms.toFixed(1)} ms (${(ms / first).toFixed(1)}×) |`).join('\n')}
`;
}
