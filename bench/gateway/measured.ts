import type { Statistics } from './scenarios.ts';

/** A statistic of a scenario and a peer over all rounds, if it was measured. */
export type Measured = (scenario: string, peer: string, name: string) => number | undefined;

/** Collects the statistics of all rounds. */
export function createMeasurements() {
  const found: { readonly scenario: string; readonly peer: string; readonly statistics: Statistics }[] = [];
  const measured: Measured = (scenario, peer, name) => {
    const values = found
      .filter((one) => one.scenario === scenario && one.peer === peer)
      .flatMap(({ statistics }) => statistics[name] ?? [])
      .sort((a, b) => a - b);
    return values[isLoss(name) ? values.length - 1 : Math.floor(values.length / 2)];
  };
  return {
    add: (scenario: string, peer: string, statistics: Statistics) =>
      void found.push({ scenario, peer, statistics }),
    measured,
  };
}

/** Of losses the worst round counts, of everything else the median. */
function isLoss(name: string): boolean {
  return /missing|lost|failed/.test(name);
}
