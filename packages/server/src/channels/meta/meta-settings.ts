import { z } from 'zod';

/** The secret with which a Meta app signs its webhooks. */
export const metaAppSecret = z.string().min(16).max(200).meta({
  title: 'App secret',
  description:
    'At developers.facebook.com, in your app under App settings → Basic. Meta signs its webhooks with it.',
  isSecret: true,
});

/** The token that Meta sends when it verifies the webhook's address. */
export const metaVerifyToken = z.string().min(8).max(200).meta({
  title: 'Verify token',
  description: 'Any text you choose. Meta sends it to verify this server’s address.',
  isSecret: true,
  isOwn: true,
});

/** A token for calls to the Graph API. Without one, the channel can only receive messages. */
export const metaAccessToken = (title: string, description: string) =>
  z
    .string()
    .min(8)
    .max(1000)
    .meta({
      title,
      description: `${description} Without one, the channel can only receive messages.`,
      isSecret: true,
    })
    .optional();

/** Whether Meta has granted the Human Agent tag, which extends the reply window of agents to seven days. */
export const metaHumanAgentTag = z.boolean().default(false).meta({
  title: 'Seven-day reply window',
  description:
    'Turn this on if Meta has granted your app the Human Agent tag. Otherwise agents can reply for 24 hours.',
});

/** The first steps of every webhook setup at Meta. */
export const metaWebhookSteps = (product: string): readonly string[] => [
  `At developers.facebook.com, open your app, add the ${product} product, and open its webhook settings.`,
  'Set the callback URL to {webhook}',
  'Set the verify token to {verifyToken}',
];
