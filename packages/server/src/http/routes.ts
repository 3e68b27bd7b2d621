import { agentRoutes } from './desk/agents.ts';
import { cannedReplyRoutes } from './desk/canned-replies.ts';
import { caseRoutes } from './desk/cases.ts';
import { conversationRoutes } from './desk/conversations.ts';
import { customerRoutes } from './desk/customers.ts';
import { deliveryRoutes } from './desk/deliveries.ts';
import { queueItemRoutes } from './desk/queue-items.ts';
import { sessionActionRoutes } from './desk/session-actions.ts';
import { sessionRoutes } from './desk/sessions.ts';
import { fileRoutes, uploadRoutes } from './files/attachments.ts';
import type { HttpDeps, RoutePlugin } from './http-deps.ts';
import { problemRoutes } from './pages/problem-routes.ts';
import { consoleRoutes, screenFiles, widgetRoutes } from './pages/screens.ts';
import { externalMessageRoutes } from './providers/external-messages.ts';
import { webhookRoutes } from './providers/webhooks.ts';
import { meRoutes } from './visitor/me.ts';
import { messageRoutes } from './visitor/messages.ts';
import { typingAndReadRoutes } from './visitor/typing-and-read.ts';
import { visitorRoutes } from './visitor/visitors.ts';

/** The routes that every server has. */
export function routesOf(deps: HttpDeps): readonly RoutePlugin[] {
  const desk = { ...deps, database: deps.deskReads };
  return [...deskRoutes.map((routes) => routes(desk)), ...otherRoutes.map((routes) => routes(deps))];
}

/** What agents read: with connections of its own. */
const deskRoutes = [
  queueItemRoutes,
  sessionRoutes,
  cannedReplyRoutes,
  conversationRoutes,
  customerRoutes,
  deliveryRoutes,
];

const otherRoutes = [
  visitorRoutes,
  meRoutes,
  messageRoutes,
  typingAndReadRoutes,
  agentRoutes,
  externalMessageRoutes,
  sessionActionRoutes,
  caseRoutes,
  uploadRoutes,
  fileRoutes,
  webhookRoutes,
  problemRoutes,
  screenFiles,
  consoleRoutes,
  widgetRoutes,
];
