import {
  type ChartWindow,
  chartsQuery,
  chartsSchema,
  healthQuery,
  healthReportSchema,
  type ObservedPeriod,
} from '@mevrik/protocol';
import { cacheFor } from '../../auth/cache-for.ts';
import type { JudgedPart } from '../../domain/health.ts';
import { worstOf } from '../../domain/health.ts';
import { listHealthChanges } from '../../queries/health.ts';
import { readCharts } from '../../queries/statistics.ts';
import { staffOf } from '../access.ts';
import { appsInKey, keyOfApps, visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Dependencies of the health routes. */
export interface HealthRouteDeps extends Pick<HttpDeps, 'database'> {
  /** Checks all parts now. */
  readonly checkParts: () => Promise<readonly JudgedPart[]>;
  /** The periods since an instant in which a node was checking the parts. */
  readonly observed: (from: string) => Promise<readonly ObservedPeriod[]>;
}

const config = { access: ['admin', 'supervisor'] as const };
const tags = ['operation'];
const sharedMs = 1_000;
const days = { '24h': 1, '7d': 7, '30d': 30 } as const;

/** Health of the four parts now and over time, and statistics for charts. */
export function healthRoutes({ database, checkParts, observed }: HealthRouteDeps): RoutePlugin {
  // Read once for all who ask meanwhile, or within a second, and may see the same apps.
  const shared = { sharesSlowLoads: true };
  const chartsOf = (window: ChartWindow) =>
    cacheFor(sharedMs, (key) => readCharts(database, window, appsInKey(key)), shared);
  const charts = { '1h': chartsOf('1h'), '24h': chartsOf('24h'), '7d': chartsOf('7d') };
  const judged = cacheFor(sharedMs, checkParts, shared);
  return (api) => {
    api.get(
      '/v1/admin/health',
      {
        config,
        schema: {
          tags,
          summary: 'Get the health of event processing, channels, job queue and database, now and over time',
          querystring: healthQuery,
          response: { 200: healthReportSchema },
        },
      },
      async (request) => {
        const now = new Date();
        const from = new Date(now.getTime() - days[request.query.window] * 86_400_000).toISOString();
        const [parts, changes, periods] = await Promise.all([
          judged.get(''),
          listHealthChanges(database, from),
          observed(from),
        ]);
        return {
          status: worstOf(parts.map(({ status }) => status)),
          checkedAt: now.toISOString(),
          from,
          observed: [...periods],
          parts: parts.map((part) => {
            const last = changes.findLast((change) => change.part === part.part);
            // A change that was only just detected is not stored yet.
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
          summary: 'Get statistics of events, latencies, failures, waiting times and satisfaction over time',
          description:
            'Waiting times and satisfaction are those of the apps that you have access to. Events, latencies and failures ' +
            'are those of the whole server.',
          querystring: chartsQuery,
          response: { 200: chartsSchema },
        },
      },
      (request) => charts[request.query.window].get(keyOfApps(visibleApps(staffOf(request), undefined))),
    );
  };
}
