/** Percent of a limit from which on we rest before Meta makes us. */
const nearlyUsedUp = 95;
/** How long, where Meta does not say when there is more. */
const restMs = 60_000;
/** Nothing that a header says stops a channel for longer. */
const maxPauseMs = 60 * 60_000;

/** Milliseconds that `Retry-After` asks for, as seconds or as a date; `undefined` where it asks for nothing. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) || wait <= 0 ? undefined : Math.min(wait, maxPauseMs);
}

/**
 * For how long to send nothing, by what Meta says of the used share of its limits (`X-App-Usage`, and per page
 * `X-Business-Use-Case-Usage`); `undefined` while there is enough left.
 */
export function pauseOf(headers: Headers): number | undefined {
  const app = readJson(headers.get('x-app-usage'));
  const pages = Object.values(readJson(headers.get('x-business-use-case-usage'))).flat();
  const pauses = [app, ...pages].flatMap((usage) => {
    const {
      call_count,
      total_time,
      total_cputime,
      estimated_time_to_regain_access: minutes,
    } = toRecord(usage);
    const used = [call_count, total_time, total_cputime].filter((share) => typeof share === 'number');
    if (typeof minutes === 'number' && minutes > 0) return [Math.min(minutes * 60_000, maxPauseMs)];
    return Math.max(0, ...used) >= nearlyUsedUp ? [restMs] : [];
  });
  return pauses.length > 0 ? Math.max(...pauses) : undefined;
}

function readJson(value: string | null): Record<string, unknown> {
  try {
    return toRecord(JSON.parse(value ?? '{}'));
  } catch {
    return {};
  }
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
