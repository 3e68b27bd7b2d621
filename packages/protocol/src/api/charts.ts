import { z } from 'zod';

/** Over how long charts go. */
export const chartWindowSchema = z.enum(['1h', '24h', '7d']);
export type ChartWindow = z.infer<typeof chartWindowSchema>;
export const chartsQuery = z.strictObject({ window: chartWindowSchema.default('24h') });

const milliseconds = z.number().nullable();

/** What was measured in one step of time. Of what did not happen there is no time: `null`. */
export const chartPointSchema = z.object({
  /** When the step began. */
  at: z.string(),
  /** Events of each kind that happened. */
  events: z.record(z.string(), z.int()),
  /** From when an event happened until a listener had handled it. */
  ageP50Ms: milliseconds,
  ageP95Ms: milliseconds,
  /** From when an event happened until it was on its way to connected clients. */
  broadcastP50Ms: milliseconds,
  broadcastP95Ms: milliseconds,
  /** Attempts of listeners that failed, events that were parked, and those that became dead letters. */
  failed: z.int(),
  parked: z.int(),
  dead: z.int(),
  /** Conversations that agents took, and how long these had waited. */
  taken: z.int(),
  waitP50Seconds: z.number().nullable(),
  waitP95Seconds: z.number().nullable(),
  csatAnswers: z.int(),
  csatMean: z.number().nullable(),
});
export type ChartPoint = z.infer<typeof chartPointSchema>;

/** Figures over time; every step is there, also those in which nothing happened. */
export const chartsSchema = z.object({
  window: chartWindowSchema,
  stepSeconds: z.int(),
  /** The kinds of event that there are points of, the most frequent first. */
  eventNames: z.array(z.string()),
  points: z.array(chartPointSchema),
});
export type Charts = z.infer<typeof chartsSchema>;
