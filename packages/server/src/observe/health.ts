import { DeadlineError, within } from '../domain/deadline.ts';

/** The state of one part. */
export interface CheckResult {
  readonly ok: boolean;
  /** Whether this process should get no traffic while the part is not ok; true by default. */
  readonly decides?: boolean;
  /** One line for operators: the state, or what is wrong. */
  readonly detail: string;
}

/** The state of all parts. */
export interface Health {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, CheckResult>>;
}

/** A check of one part; an error counts as not ok. */
export type HealthCheck = () => Promise<CheckResult> | CheckResult;

/** A check that takes longer counts as failed, so that a probe always gets an answer. */
const checkWithinMs = 2_000;

/** Runs all checks in parallel. Error messages are left out, because they may contain addresses. */
export async function checkHealth(checks: Readonly<Record<string, HealthCheck>>): Promise<Health> {
  const parts = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await inTime(check)] as const),
  );
  return {
    ok: parts.every(([, { ok, decides = true }]) => ok || !decides),
    parts: Object.fromEntries(parts.map(([name, { ok, detail }]) => [name, { ok, detail }])),
  };
}

async function inTime(check: HealthCheck): Promise<CheckResult> {
  try {
    return await within(checkWithinMs, Promise.resolve().then(check), 'timed out');
  } catch (error) {
    // The error may contain addresses, and a probe that ran every few seconds would flood the log.
    return { ok: false, detail: error instanceof DeadlineError ? error.message : 'unreachable' };
  }
}
