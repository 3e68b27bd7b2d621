/** The usage, in percent of a limit, at which we pause before Meta blocks us. */
const pauseAtPercent = 95;
/** How long to pause if Meta does not say when the limit resets. */
const defaultPauseMs = 60_000;
/** The longest pause that a header can cause. */
const maxPauseMs = 60 * 60_000;

/** The delay in `Retry-After`, given in seconds or as a date, in milliseconds; `undefined` if there is none. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) || wait <= 0 ? undefined : Math.min(wait, maxPauseMs);
}

/**
 * How long to pause, in milliseconds, by the usage of Meta's limits (`X-App-Usage`, and `X-Business-Use-Case-Usage` per
 * page); `undefined` while usage is low enough.
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
    return Math.max(0, ...used) >= pauseAtPercent ? [defaultPauseMs] : [];
  });
  return pauses.length > 0 ? Math.max(...pauses) : undefined;
}

function readJson(value: string | null): Record<string, unknown> {
  try {
    return toRecord(JSON.parse(value ?? '{}'));
  } catch {
    // Not JSON: the header reports no usage.
    return {};
  }
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
