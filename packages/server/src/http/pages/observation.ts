import type { IncomingMessage } from 'node:http';
import { livenessSchema, ProblemError, readinessSchema, textResponse } from '@mevrik/protocol';
import { sameSecret } from '../../auth/secrets.ts';
import { checkHealth, type HealthCheck } from '../../observe/health.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { RoutePlugin } from '../http-deps.ts';

/** Dependencies of the probes and metrics. */
export interface ObservationDeps {
  readonly checks: Readonly<Record<string, HealthCheck>>;
  readonly metrics: Metrics;
  /** Bearer token for reading metrics; without one, only programs on this machine may read them. */
  readonly metricsToken: string | null;
}

const config = { access: 'public' as const };
const tags = ['operation'];
const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const proxyHeaders = new Set(['forwarded', 'via', 'x-real-ip']);

/** Whether a program on this machine asks for itself. A proxy on this machine asks for others, and says so. */
function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  return loopback.has(socket.remoteAddress ?? '') && !Object.keys(headers).some(isOfProxy);
}

function isOfProxy(header: string): boolean {
  return header.startsWith('x-forwarded-') || proxyHeaders.has(header);
}

/** Health probes and Prometheus metrics. */
export function observationRoutes({ checks, metrics, metricsToken }: ObservationDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/healthz',
      { config, schema: { tags, summary: 'Liveness probe', response: { 200: livenessSchema } } },
      async () => ({ ok: true as const }),
    );
    api.get(
      '/readyz',
      {
        config,
        schema: {
          tags,
          summary: 'Readiness probe, part by part',
          response: { 200: readinessSchema, 503: readinessSchema },
        },
      },
      async (_request, reply) => {
        const health = await checkHealth(checks);
        return reply.code(health.ok ? 200 : 503).send(health);
      },
    );
    api.get(
      '/metrics',
      { config, schema: { tags, summary: 'Prometheus metrics', response: { 200: textResponse } } },
      async (request, reply) => {
        const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
        const mayRead =
          metricsToken === null ? isFromThisMachine(request.raw) : sameSecret(given ?? '', metricsToken);
        if (!mayRead) throw new ProblemError('unauthenticated', 'Send METRICS_TOKEN as a bearer token.');
        return reply
          .type(metrics.contentType)
          .serializer(String)
          .send(await metrics.print());
      },
    );
  };
}
