import { agentRoutes } from './agents.ts';
import { fileRoutes, uploadRoutes } from './attachments.ts';
import { cannedReplyRoutes } from './canned-replies.ts';
import { caseRoutes } from './cases.ts';
import { conversationRoutes } from './conversations.ts';
import { customerRoutes } from './customers.ts';
import { deliveryRoutes } from './deliveries.ts';
import { queueRoutes, sessionRoutes } from './desk.ts';
import type { HttpDependencies, RoutePlugin } from './http-dependencies.ts';
import { meRoutes } from './me.ts';
import { messageRoutes } from './messages.ts';
import { problemRoutes } from './problem-routes.ts';
import { screenFiles, screenRoutes, widgetRoutes } from './screens.ts';
import { visitorRoutes } from './visitors.ts';
import { webhookRoutes } from './webhooks.ts';

/** The routes that every server has. */
export function routesOf(dependencies: HttpDependencies): readonly RoutePlugin[] {
  return [
    visitorRoutes,
    meRoutes,
    messageRoutes,
    agentRoutes,
    queueRoutes,
    sessionRoutes,
    caseRoutes,
    cannedReplyRoutes,
    conversationRoutes,
    customerRoutes,
    uploadRoutes,
    fileRoutes,
    deliveryRoutes,
    webhookRoutes,
    problemRoutes,
    screenFiles,
    screenRoutes,
    widgetRoutes,
  ].map((routes) => routes(dependencies));
}
