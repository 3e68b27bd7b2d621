import { z } from 'zod';

/** The four parts whose health is monitored. */
export const healthPartSchema = z.enum(['events', 'channels', 'jobs', 'database']);
export type HealthPart = z.infer<typeof healthPartSchema>;

/** `degraded`: it works but needs attention; `down`: it does not work. */
export const healthStatusSchema = z.enum(['ok', 'degraded', 'down']);
export type HealthStatus = z.infer<typeof healthStatusSchema>;

/** One measure of a part, with its thresholds. */
export const healthMeasureSchema = z.object({
  /** The name that its thresholds are configured by, such as `events.lag`. */
  name: z.string(),
  label: z.string(),
  /** `null` if it could not be measured. */
  value: z.number().nullable(),
  unit: z.enum(['', 'ms', 's', '%']),
  degradedFrom: z.number(),
  downFrom: z.number(),
  status: healthStatusSchema,
});
export type HealthMeasure = z.infer<typeof healthMeasureSchema>;

/** The health of one part, with the reason and advice. */
export const partHealthSchema = z.object({
  part: healthPartSchema,
  title: z.string(),
  status: healthStatusSchema,
  /** Since when it has this status; `null`: as long as is recorded. */
  since: z.string().nullable(),
  /** In one sentence. */
  reason: z.string(),
  /** `null` if there is nothing to do. */
  advice: z.string().nullable(),
  measures: z.array(healthMeasureSchema),
});
export type PartHealth = z.infer<typeof partHealthSchema>;

/** A change of a part's health. */
export const healthChangeSchema = z.object({
  part: healthPartSchema,
  status: healthStatusSchema,
  reason: z.string(),
  at: z.string(),
});
export type HealthChange = z.infer<typeof healthChangeSchema>;

/** A period in which a node was checking all parts. */
export const observedPeriodSchema = z.object({ from: z.string(), until: z.string() });
export type ObservedPeriod = z.infer<typeof observedPeriodSchema>;

/** The health of all parts, now and over the last days. */
export const healthReportSchema = z.object({
  /** The worst status of all parts. */
  status: healthStatusSchema,
  checkedAt: z.string(),
  parts: z.array(partHealthSchema),
  /** Oldest first; the first of each part is its status at the start of the window. */
  changes: z.array(healthChangeSchema),
  /** Start of the window. */
  from: z.string(),
  /**
   * The periods of the window in which a node was checking the parts, oldest first. The health outside of them is
   * unknown.
   */
  observed: z.array(observedPeriodSchema),
});
export type HealthReport = z.infer<typeof healthReportSchema>;

/** The window of the health report. */
export const healthQuery = z.strictObject({ window: z.enum(['24h', '7d', '30d']).default('7d') });

/** Answer of the liveness probe. */
export const livenessSchema = z.object({ ok: z.literal(true) });

/** Answer of the readiness probe: whether the node can take traffic, part by part. */
export const readinessSchema = z.object({
  ok: z.boolean(),
  parts: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })).readonly(),
});
