/** A period, in milliseconds. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** A time axis on which long idle gaps are shortened. */
export interface TimeAxis {
  readonly start: number;
  /** Milliseconds from the first to the last instant. */
  readonly lengthMs: number;
  /** The position of an instant, from 0 to 1. */
  fractionAt(at: number): number;
  /** The start of each busy period: its position, and the time since the start of the axis. */
  readonly marks: readonly { readonly fraction: number; readonly afterMs: number }[];
  /** The shortened gaps: position and real length. */
  readonly cuts: readonly { readonly fraction: number; readonly ms: number }[];
}

/** Gaps up to this length are never shortened. */
const shortMs = 200;
/** The share of the axis that a shortened gap occupies. */
const cutWidth = 0.06;

/**
 * Builds the axis of some periods. A gap longer than all activity is shortened: otherwise a retry after an hour
 * would compress work of milliseconds into one point.
 */
export function timeAxis(spans: readonly TimeSpan[]): TimeAxis {
  const busy = merged(spans);
  const start = busy[0]?.from ?? 0;
  const gaps = busy.slice(1).map((span, at) => ({ at, ms: span.from - (busy[at]?.to ?? span.from) }));
  let shownMs = Math.max(
    1,
    busy.reduce((sum, { from, to }) => sum + to - from, 0),
  );
  const cutGaps = new Set<number>();
  for (const { at, ms } of gaps.toSorted((one, two) => one.ms - two.ms)) {
    if (ms > shortMs && ms > shownMs) cutGaps.add(at);
    else shownMs += ms;
  }
  const width = Math.min(cutWidth, 0.5 / Math.max(1, cutGaps.size));
  const scale = (1 - width * cutGaps.size) / shownMs;
  const steps: { from: number; to: number; fraction: number; scale: number; isCut: boolean }[] = [];
  let fraction = 0;
  for (const [at, { from, to }] of busy.entries()) {
    steps.push({ from, to, fraction, scale, isCut: false });
    fraction += (to - from) * scale;
    const next = busy[at + 1];
    if (!next) continue;
    const isCut = cutGaps.has(at);
    const stepScale = isCut ? width / (next.from - to) : scale;
    steps.push({ from: to, to: next.from, fraction, scale: stepScale, isCut });
    fraction += (next.from - to) * stepScale;
  }
  return {
    start,
    lengthMs: (busy.at(-1)?.to ?? start) - start,
    fractionAt(at) {
      const step = steps.findLast(({ from }) => from <= at) ?? steps[0];
      if (!step) return 0;
      return Math.min(1, Math.max(0, step.fraction + (Math.min(at, step.to) - step.from) * step.scale));
    },
    marks: steps.flatMap((step, at) =>
      at === 0 || steps[at - 1]?.isCut ? [{ fraction: step.fraction, afterMs: step.from - start }] : [],
    ),
    cuts: steps
      .filter(({ isCut }) => isCut)
      .map(({ from, to, fraction: begins }) => ({ fraction: begins + width / 2, ms: to - from })),
  };
}

/** The marks and gaps whose labels do not overlap, if a label occupies `labelWidth` of the axis. */
export function legible(
  { marks, cuts }: Pick<TimeAxis, 'cuts' | 'marks'>,
  labelWidth: number,
): Pick<TimeAxis, 'cuts' | 'marks'> {
  const shown: TimeAxis['marks'][number][] = [];
  for (const mark of marks) {
    const last = shown.at(-1);
    if (!last || mark.fraction >= last.fraction + labelWidth) shown.push(mark);
  }
  const isFree = (at: number) => shown.every(({ fraction }) => at < fraction || at >= fraction + labelWidth);
  return { marks: shown, cuts: cuts.filter(({ fraction }) => isFree(fraction)) };
}

function merged(spans: readonly TimeSpan[]): readonly TimeSpan[] {
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((one, two) => one.from - two.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to: Math.max(from, to) });
  }
  return found;
}
