import { z } from 'zod';

/** What signs the webhooks of a Meta app. */
export const metaAppSecret = z.string().min(16).max(200).meta({
  title: 'App secret',
  description:
    'At developers.facebook.com, in your app under App settings → Basic. It signs what Meta sends.',
  isSecret: true,
});

/** What Meta repeats when it confirms the webhook's address. */
export const metaVerifyToken = z.string().min(8).max(200).meta({
  title: 'Verify token',
  description: 'Any text of yours. Meta repeats it when it asks whether our address is right.',
  isSecret: true,
  isOwn: true,
});

/** Whether Meta has granted the tag with which people may answer for seven days. */
export const metaHumanAgentTag = z.boolean().default(false).meta({
  title: 'Answers for seven days',
  description: 'Meta has granted your app the Human Agent tag; else people may answer for 24 hours.',
});

/** What every webhook at Meta begins with. */
export const metaWebhookSteps = (product: string): readonly string[] => [
  `At developers.facebook.com, open your app, add the product ${product}, and go to its webhooks.`,
  'As the callback URL give {webhook}',
  'As the verify token give {verifyToken}',
];
