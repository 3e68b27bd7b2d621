import { agentRoutes } from './agents.ts';
import { caseRoutes, queueRoutes, sessionRoutes } from './desk.ts';
import type { HttpDependencies, RoutePlugin } from './http-dependencies.ts';
import { messageRoutes } from './messages.ts';
import { problemRoutes } from './problem-routes.ts';
import { visitorRoutes } from './visitors.ts';
import { webhookRoutes } from './webhooks.ts';

/** The routes that every server has. */
export function routesOf(dependencies: HttpDependencies): readonly RoutePlugin[] {
  return [
    visitorRoutes,
    messageRoutes,
    agentRoutes,
    queueRoutes,
    sessionRoutes,
    caseRoutes,
    webhookRoutes,
    problemRoutes,
  ].map((routes) => routes(dependencies));
}
