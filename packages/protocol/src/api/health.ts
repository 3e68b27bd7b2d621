import { z } from 'zod';

/** The four parts whose health is watched. */
export const healthPartSchema = z.enum(['events', 'channels', 'jobs', 'database']);
export type HealthPart = z.infer<typeof healthPartSchema>;

/** `degraded`: it works, and somebody should look; `down`: it does not do what it is for. */
export const healthStatusSchema = z.enum(['ok', 'degraded', 'down']);
export type HealthStatus = z.infer<typeof healthStatusSchema>;

/** One thing that is measured of a part, and from where on it is too much. */
export const healthMeasureSchema = z.object({
  /** What its thresholds are set by, such as `events.lag`. */
  name: z.string(),
  label: z.string(),
  /** `null`: it could not be measured. */
  value: z.number().nullable(),
  unit: z.enum(['', 'ms', 's', '%']),
  degradedFrom: z.number(),
  downFrom: z.number(),
  status: healthStatusSchema,
});
export type HealthMeasure = z.infer<typeof healthMeasureSchema>;

/** How one part is, why, and what to do. */
export const partHealthSchema = z.object({
  part: healthPartSchema,
  title: z.string(),
  status: healthStatusSchema,
  /** Since when it is like that; `null`: for as long as is known. */
  since: z.string().nullable(),
  /** In a sentence for people. */
  reason: z.string(),
  /** `null`: nothing needs to be done. */
  advice: z.string().nullable(),
  measures: z.array(healthMeasureSchema),
});
export type PartHealth = z.infer<typeof partHealthSchema>;

/** A part's health became another one. */
export const healthChangeSchema = z.object({
  part: healthPartSchema,
  status: healthStatusSchema,
  reason: z.string(),
  at: z.string(),
});
export type HealthChange = z.infer<typeof healthChangeSchema>;

/** A time through which somebody looked at all parts again and again. */
export const observedPeriodSchema = z.object({ from: z.string(), until: z.string() });
export type ObservedPeriod = z.infer<typeof observedPeriodSchema>;

/** How all parts are, now and over the last days. */
export const healthReportSchema = z.object({
  /** That of the worst part. */
  status: healthStatusSchema,
  checkedAt: z.string(),
  parts: z.array(partHealthSchema),
  /** Oldest first; the first of each part is how it was when the time told of began. */
  changes: z.array(healthChangeSchema),
  /** When the time told of began. */
  from: z.string(),
  /**
   * When in this time somebody looked, oldest first. Of what lies between, or before the installation began, nobody
   * knows how it was.
   */
  observed: z.array(observedPeriodSchema),
});
export type HealthReport = z.infer<typeof healthReportSchema>;

/** For how long health is told of. */
export const healthQuery = z.strictObject({ window: z.enum(['24h', '7d', '30d']).default('7d') });
