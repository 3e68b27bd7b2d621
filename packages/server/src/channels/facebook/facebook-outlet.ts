import type { ChannelOutlet, SendContext } from '../channel.ts';
import { classifyGraphError } from '../meta/classify-graph-error.ts';
import { isCommenter } from '../meta/commenter.ts';
import { callGraph, type GraphContext, type GraphServices } from '../meta/graph-client.ts';
import { pauseOf } from '../meta/graph-limits.ts';
import { metaPace } from '../meta/meta-pace.ts';
import { agentWindowHours, privateReplyHours } from '../meta/reply-window.ts';
import { composeMessage, facebookCapabilities } from './compose-message.ts';
import { facebookSettingsSchema } from './facebook-settings.ts';

/** Sends through the Graph API: messages to a contact, and public and private replies to a comment. */
export function facebookOutlet({ graphUrl }: GraphServices): ChannelOutlet {
  const graphOf = (context: SendContext) => facebookGraph(graphUrl, context);
  return {
    delivers: 'by-sending',
    capabilities: facebookCapabilities,
    compose: composeMessage,
    classify: classifyGraphError,

    async send({ body: { path, ...body } }, reference, context) {
      const message = body.message;
      // Facebook has no idempotency key, but the echo of a message contains its metadata.
      const marked =
        typeof message === 'object' && message !== null
          ? { ...body, message: { ...message, metadata: reference } }
          : body;
      const response = await callGraph(graphOf(context), 'POST', String(path), marked);
      const externalId = response.body.message_id ?? response.body.id;
      return {
        externalId: typeof externalId === 'string' ? externalId : `no id for ${reference}`,
        pauseMs: pauseOf(response.headers),
      };
    },

    pace(part, settings) {
      const { pageId, pace } = facebookSettingsSchema.parse(settings);
      return metaPace(pageId, part, pace);
    },

    async probe(context) {
      await callGraph(graphOf(context), 'GET', `${pageOf(context)}?fields=id`);
    },

    privateReplyHours,
    agentWindowHours: (settings) => agentWindowHours(facebookSettingsSchema.parse(settings).humanAgentTag),

    reaches: (contactId) => !isCommenter(contactId),

    async showIndicator(indicator, { contactId }, context) {
      await callGraph(graphOf(context), 'POST', `${pageOf(context)}/messages`, {
        recipient: { id: contactId },
        sender_action: indicator === 'seen' ? 'mark_seen' : 'typing_on',
      });
    },
  };
}

/** The context of a call for a page. */
export function facebookGraph(graphUrl: string, { settings, signal }: SendContext): GraphContext {
  return { graphUrl, signal, token: facebookSettingsSchema.parse(settings).pageToken };
}

function pageOf({ settings }: SendContext): string {
  return facebookSettingsSchema.parse(settings).pageId;
}
