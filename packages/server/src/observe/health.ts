/** How one part is. */
export interface CheckResult {
  readonly ok: boolean;
  /** One line for people: what it is, or what is wrong. */
  readonly detail: string;
}

/** How all parts are. */
export interface Health {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, CheckResult>>;
}

/** A check of one part; throwing is as good as saying no. */
export type HealthCheck = () => Promise<CheckResult> | CheckResult;

/** A check that takes longer counts as failed: a probe must be answered. */
const checkWithinMs = 2_000;

/** Asks all parts at once. Nothing of an error's text is told: it may have addresses in it. */
export async function checkHealth(checks: Readonly<Record<string, HealthCheck>>): Promise<Health> {
  const parts = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await inTime(check)] as const),
  );
  return { ok: parts.every(([, { ok }]) => ok), parts: Object.fromEntries(parts) };
}

async function inTime(check: HealthCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'does not answer' }), checkWithinMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(check), late]);
  } catch {
    return { ok: false, detail: 'cannot be reached' };
  } finally {
    clearTimeout(timer);
  }
}
