import {
  chartsQuery,
  chartsSchema,
  healthQuery,
  healthReportSchema,
  type ObservedPeriod,
} from '@mevrik/protocol';
import type { JudgedPart } from '../../domain/health.ts';
import { worstOf } from '../../domain/health.ts';
import { listHealthChanges } from '../../queries/health.ts';
import { readCharts } from '../../queries/statistics.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** What the routes below look into. */
export interface HealthRouteDeps extends Pick<HttpDeps, 'database'> {
  /** Looks at all parts now. */
  readonly look: () => Promise<readonly JudgedPart[]>;
  /** When since an instant somebody has looked. */
  readonly observed: (from: string) => Promise<readonly ObservedPeriod[]>;
}

const config = { access: ['admin', 'supervisor'] as const };
const tags = ['operation'];
const days = { '24h': 1, '7d': 7, '30d': 30 } as const;

/** How the four parts are and were, and figures over time, for people. */
export function healthRoutes({ database, look, observed }: HealthRouteDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/health',
      {
        config,
        schema: {
          tags,
          summary:
            'How event processing, channels, job queue and database are: measured, judged, and over time',
          querystring: healthQuery,
          response: { 200: healthReportSchema },
        },
      },
      async (request) => {
        const now = new Date();
        const from = new Date(now.getTime() - days[request.query.window] * 86_400_000).toISOString();
        const [parts, changes, stretches] = await Promise.all([
          look(),
          listHealthChanges(database, from),
          observed(from),
        ]);
        return {
          status: worstOf(parts.map(({ status }) => status)),
          checkedAt: now.toISOString(),
          from,
          observed: [...stretches],
          parts: parts.map((part) => {
            const last = changes.findLast((change) => change.part === part.part);
            // What has just changed is not written down yet.
            const since =
              last?.status === part.status
                ? last.at
                : last || part.status !== 'ok'
                  ? now.toISOString()
                  : null;
            return { ...part, measures: [...part.measures], since };
          }),
          changes,
        };
      },
    );
    api.get(
      '/v1/admin/charts',
      {
        config,
        schema: {
          tags,
          summary:
            'Events, latencies, failures, waiting times and satisfaction over an hour, a day or a week',
          querystring: chartsQuery,
          response: { 200: chartsSchema },
        },
      },
      (request) => readCharts(database, request.query.window),
    );
  };
}
