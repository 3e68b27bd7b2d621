import type { Amounts } from './fill.ts';
import type { SlowStatement } from './slow-statements.ts';

/** A request and how long its responses took. */
export interface Timed {
  readonly name: string;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** No statement and no request may take longer. */
export const limitMs = 100;

/** The text of results.md. */
export function report(of: {
  readonly about: string;
  readonly amounts: Amounts;
  readonly gigabytes: number;
  readonly requests: readonly Timed[];
  readonly steps: readonly Timed[];
  readonly slow: readonly SlowStatement[];
}): string {
  const { about, amounts, gigabytes, requests, steps, slow } = of;
  const { format } = new Intl.NumberFormat('en');
  const tooSlow = distinct(slow.filter(({ ms }) => ms > limitMs));
  return `# A database of 90 days, measured

${about}, by \`npm run bench:large\`; server and database on one machine. Stored: ${format(amounts.events)} events, ${format(amounts.messages)} messages, ${format(amounts.sessions)} sessions, ${format(amounts.customers)} customers of 20 apps; ${gigabytes.toFixed(1)} GB with indexes.

PostgreSQL logged every statement over ${limitMs} ms while all of the following was done: **${tooSlow.length === 0 ? 'none' : tooSlow.length}**.

## Requests of desk and panel

Through the API, the first page; of seven requests.

| | median | longest |
|---|---|---|
${requests.map(rowOf).join('\n')}

## A conversation

New customers write, are handed over, get an agent and a reply, and are closed; of 40, one after another.

| | median | longest |
|---|---|---|
${steps.map(rowOf).join('\n')}
${tooSlow.length === 0 ? '' : `\n## Statements over ${limitMs} ms\n\n${tooSlow.map(planOf).join('\n')}`}`;
}

const rowOf = ({ name, medianMs, maxMs }: Timed) =>
  `| ${name} | ${medianMs.toFixed(1)} ms | ${maxMs.toFixed(1)} ms |`;

/** The slowest of each statement. */
function distinct(slow: readonly SlowStatement[]): SlowStatement[] {
  const slowest = new Map<string, SlowStatement>();
  for (const one of slow) {
    const id = one.text.replace(/[\d$',.]+/g, '?');
    if ((slowest.get(id)?.ms ?? 0) < one.ms) slowest.set(id, one);
  }
  return [...slowest.values()].sort((a, b) => b.ms - a.ms);
}

const planOf = ({ ms, by, text, plan }: SlowStatement) =>
  `**${ms.toFixed(0)} ms**, of ${by}: \`${text.slice(0, 1_000)}\`\n\n\`\`\`\n${plan.slice(0, 3_000)}\n\`\`\`\n`;
