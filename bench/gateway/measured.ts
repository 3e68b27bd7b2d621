import type { Figures } from './scenarios.ts';

/** A figure of a scenario and a peer over all rounds, where it was measured. */
export type Measured = (scenario: string, peer: string, figure: string) => number | undefined;

/** Collects the figures of all rounds. */
export function createMeasurements() {
  const found: { readonly scenario: string; readonly peer: string; readonly statistics: Figures }[] = [];
  const measured: Measured = (scenario, peer, figure) => {
    const values = found
      .filter((one) => one.scenario === scenario && one.peer === peer)
      .flatMap(({ statistics }) => statistics[figure] ?? [])
      .sort((a, b) => a - b);
    return values[isFault(figure) ? values.length - 1 : Math.floor(values.length / 2)];
  };
  return {
    add: (scenario: string, peer: string, statistics: Figures) =>
      void found.push({ scenario, peer, statistics }),
    measured,
  };
}

/** Of these the worst round counts, of all others the median. */
function isFault(figure: string): boolean {
  return /missing|lost|failed/.test(figure);
}
