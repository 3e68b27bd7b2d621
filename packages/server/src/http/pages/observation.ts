import { ProblemError } from '@mevrik/protocol';
import { sameSecret } from '../../auth/secrets.ts';
import { checkHealth, type HealthCheck } from '../../observe/health.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { RoutePlugin } from '../http-deps.ts';

/** What the probes look at. */
export interface ObservationOptions {
  readonly checks: Readonly<Record<string, HealthCheck>>;
  readonly metrics: Metrics;
  /** Who may read the figures from elsewhere; without one, only this machine may. */
  readonly metricsToken: string | null;
}

const config = { access: 'public' as const };
const tags = ['operation'];
const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Probes and figures for whoever operates the server. */
export function observationRoutes({ checks, metrics, metricsToken }: ObservationOptions): RoutePlugin {
  return (api) => {
    api.get('/healthz', { config, schema: { tags, summary: 'Whether the process is alive' } }, async () => ({
      ok: true,
    }));
    api.get(
      '/readyz',
      { config, schema: { tags, summary: 'Whether it should get traffic, part by part' } },
      async (_request, reply) => {
        const health = await checkHealth(checks);
        return reply.code(health.ok ? 200 : 503).send(health);
      },
    );
    api.get(
      '/metrics',
      { config, schema: { tags, summary: 'Figures in Prometheus’ form' } },
      async (request, reply) => {
        const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
        const mayRead =
          metricsToken === null ? loopback.has(request.ip) : sameSecret(given ?? '', metricsToken);
        if (!mayRead) throw new ProblemError('unauthenticated', 'Send METRICS_TOKEN as a bearer token.');
        return reply
          .type(metrics.contentType)
          .serializer(String)
          .send(await metrics.print());
      },
    );
  };
}
