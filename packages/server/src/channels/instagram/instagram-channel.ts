import type { ChannelAdapter, SendContext } from '../channel.ts';
import { classifyGraphError } from '../meta/classify-graph-error.ts';
import { isCommenter } from '../meta/commenter.ts';
import { describePost } from '../meta/describe-post.ts';
import { fetchProfileName } from '../meta/fetch-profile-name.ts';
import { callGraph, type GraphContext, type GraphServices } from '../meta/graph-client.ts';
import { pauseOf } from '../meta/graph-limits.ts';
import { metaPace } from '../meta/meta-pace.ts';
import { metaWebhookSteps } from '../meta/meta-settings.ts';
import { agentWindowHours, privateReplyHours } from '../meta/reply-window.ts';
import { confirmWebhook, verifyWebhook } from '../meta/verify-webhook.ts';
import { composeInstagram, instagramCapabilities } from './compose-instagram.ts';
import { instagramSettingsSchema } from './instagram-settings.ts';
import { parseInstagram, splitInstagram } from './parse-instagram.ts';

/** Instagram: direct messages, and comments under an account's posts. */
export function instagramChannel({ graphUrl }: GraphServices): ChannelAdapter {
  const graphOf = ({ settings, signal }: SendContext): GraphContext => ({
    graphUrl,
    signal,
    token: instagramSettingsSchema.parse(settings).accessToken,
  });
  return {
    kind: 'instagram',
    source: 'provider',
    guide: {
      title: 'Instagram',
      summary: 'Direct messages, and comments under an account’s posts.',
      steps: [
        ...metaWebhookSteps('Instagram'),
        'Subscribe the account to messages, comments, messaging_postbacks, messaging_seen and message_reactions.',
      ],
    },
    settingsSchema: instagramSettingsSchema,
    webhook: {
      event: 'NewProviderEventReceived',
      confirm: confirmWebhook,
      verify: verifyWebhook,
      accountIdOf: (settings) => instagramSettingsSchema.safeParse(settings).data?.accountId,
      split: splitInstagram,
      parse: parseInstagram,
    },
    sender: {
      delivers: 'by-sending',
      capabilities: instagramCapabilities,
      compose: composeInstagram,
      classify: classifyGraphError,
      async send({ body: { path, ...body } }, reference, context) {
        const response = await callGraph(graphOf(context), 'POST', String(path), body);
        const externalId = response.body.message_id ?? response.body.id;
        return {
          externalId: typeof externalId === 'string' ? externalId : `no id for ${reference}`,
          pauseMs: pauseOf(response.headers),
        };
      },
      pace(part, settings) {
        const { accountId, pace } = instagramSettingsSchema.parse(settings);
        return metaPace(accountId, part, pace);
      },
      async probe(context) {
        await callGraph(graphOf(context), 'GET', `${accountIdOf(context)}?fields=id`);
      },
      privateReplyHours,
      agentWindowHours: (settings) => agentWindowHours(instagramSettingsSchema.parse(settings).humanAgentTag),
      reaches: (contactId) => !isCommenter(contactId),
      async showIndicator(indicator, { contactId }, context) {
        await callGraph(graphOf(context), 'POST', `${accountIdOf(context)}/messages`, {
          recipient: { id: contactId },
          sender_action: indicator === 'seen' ? 'mark_seen' : 'typing_on',
        });
      },
    },
    locate: async (url) => ({ url }),
    // A video has the URL of its thumbnail; an image has only its own URL.
    describePost: (postId, context) =>
      describePost(graphOf(context), postId, { text: 'caption', pictures: ['thumbnail_url', 'media_url'] }),
    fetchName: (contactId, context) =>
      fetchProfileName(graphOf(context), contactId, [['name'], ['username']]),
  };
}

function accountIdOf({ settings }: SendContext): string {
  return instagramSettingsSchema.parse(settings).accountId;
}
