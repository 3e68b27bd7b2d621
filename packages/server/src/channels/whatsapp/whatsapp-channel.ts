import type { ChannelAdapter, SendContext } from '../channel.ts';
import { classifyGraphError } from '../meta/classify-graph-error.ts';
import { callGraph, type GraphContext, type GraphServices } from '../meta/graph-client.ts';
import { pauseOf } from '../meta/graph-limits.ts';
import { metaWebhookSteps } from '../meta/meta-settings.ts';
import { confirmWebhook, verifyWebhook } from '../meta/verify-webhook.ts';
import { composeWhatsapp, whatsappCapabilities } from './compose-whatsapp.ts';
import { mediaIdIn, parseWhatsapp } from './parse-whatsapp.ts';
import { splitWhatsapp } from './split-whatsapp.ts';
import { whatsappSettingsSchema } from './whatsapp-settings.ts';

/** WhatsApp through Meta's Cloud API. */
export function whatsappChannel({ graphUrl }: GraphServices): ChannelAdapter {
  const graphOf = ({ settings, signal }: SendContext): GraphContext => ({
    graphUrl,
    signal,
    token: whatsappSettingsSchema.parse(settings).accessToken,
  });
  return {
    kind: 'whatsapp',
    source: 'provider',
    guide: {
      title: 'WhatsApp',
      summary: 'A WhatsApp number, through Meta’s Cloud API.',
      steps: [...metaWebhookSteps('WhatsApp'), 'Subscribe to the messages field.'],
    },
    settingsSchema: whatsappSettingsSchema,
    webhook: {
      event: 'NewProviderEventReceived',
      confirm: confirmWebhook,
      verify: verifyWebhook,
      accountIdOf: (settings) => whatsappSettingsSchema.safeParse(settings).data?.phoneNumberId,
      split: splitWhatsapp,
      parse: parseWhatsapp,
    },
    sender: {
      delivers: 'by-sending',
      capabilities: whatsappCapabilities,
      compose: composeWhatsapp,
      classify: classifyGraphError,
      async send({ body: { path, ...body } }, reference, context) {
        // Every status of the message contains the reference, which shows that the message was sent.
        const marked = { ...body, biz_opaque_callback_data: reference };
        const response = await callGraph(graphOf(context), 'POST', String(path), marked);
        const [sent] = Array.isArray(response.body.messages) ? response.body.messages : [];
        return {
          externalId: typeof sent?.id === 'string' ? sent.id : `no id for ${reference}`,
          pauseMs: pauseOf(response.headers),
        };
      },
      pace(_part, settings) {
        const { phoneNumberId, messagesPerSecond: limit } = whatsappSettingsSchema.parse(settings);
        return { lane: phoneNumberId, limit, withinMs: 1_000 };
      },
      async probe(context) {
        await callGraph(graphOf(context), 'GET', `${numberOf(context)}?fields=id`);
      },
      async showIndicator(indicator, { externalId }, context) {
        if (externalId === null) return;
        await callGraph(graphOf(context), 'POST', `${numberOf(context)}/messages`, {
          messaging_product: 'whatsapp',
          status: 'read',
          message_id: externalId,
          ...(indicator === 'typing' ? { typing_indicator: { type: 'text' } } : {}),
        });
      },
    },
    async locate(url, context) {
      const graph = graphOf(context);
      const { body } = await callGraph(graph, 'GET', encodeURIComponent(mediaIdIn(url) ?? ''));
      return { url: String(body.url), headers: { authorization: `Bearer ${graph.token}` } };
    },
  };
}

function numberOf({ settings }: SendContext): string {
  return whatsappSettingsSchema.parse(settings).phoneNumberId;
}
