import { z } from 'zod';

/** Where messages of a channel come from: visitors over our own API, the app's back end, or a provider. */
export const channelSourceSchema = z.enum(['visitor', 'backend', 'provider']);
export type ChannelSource = z.infer<typeof channelSourceSchema>;

/** One setting as a form field. */
export const settingFieldSchema = z.object({
  /** Its path in the settings, such as `smtp.host`. */
  path: z.string(),
  title: z.string(),
  /** What the setting does. */
  help: z.string().nullable(),
  /** `secret`: can be written but not read; `json`: too complex for a simpler field. */
  type: z.enum(['text', 'secret', 'number', 'integer', 'switch', 'choice', 'list', 'json']),
  /** Whether it is edited in several lines. */
  isLong: z.boolean(),
  /** Whether its value is our own choice, so that a generated one is best. */
  isOwn: z.boolean(),
  isRequired: z.boolean(),
  /** Whether `null` is allowed, for example for no limit. */
  isNullable: z.boolean(),
  /** The default; absent if there is none. */
  default: z.unknown().optional(),
  choices: z.array(z.object({ value: z.string(), label: z.string() })),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
export type SettingField = z.infer<typeof settingFieldSchema>;

/** A group of settings. */
export const settingGroupSchema = z.object({
  /** Its path in the settings, such as `smtp`; empty at the top level. */
  path: z.string(),
  title: z.string().nullable(),
  help: z.string().nullable(),
  /** Whether the whole group can be left out. */
  isOptional: z.boolean(),
  fields: z.array(settingFieldSchema),
});
export type SettingGroup = z.infer<typeof settingGroupSchema>;

/** The form of some settings. */
export const settingFormSchema = z.object({ groups: z.array(settingGroupSchema) });

/** A kind of channel with its settings. */
export const channelKindSchema = z.object({
  kind: z.string(),
  title: z.string(),
  source: channelSourceSchema,
  summary: z.string(),
  /** Setup steps at the provider; `{webhook}` is replaced with our webhook URL, `{verifyToken}` with the setting. */
  steps: z.array(z.string()),
  groups: z.array(settingGroupSchema),
  /** Whether the provider calls a webhook. */
  hasWebhook: z.boolean(),
  /** Whether its credentials can be tested. */
  isTestable: z.boolean(),
  /** Whether we can register the webhook URL with the provider. */
  isConnectable: z.boolean(),
});
export type ChannelKind = z.infer<typeof channelKindSchema>;

/** All kinds of channel; `mailServer` is where email for channels is received, `null` if it is not. */
export const channelKindListSchema = z.object({
  items: z.array(channelKindSchema),
  mailServer: z.string().nullable(),
});

/** A channel as administrators see it, without its secrets. */
export const configuredChannelSchema = z.object({
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  /** The settings without secrets. */
  settings: z.record(z.string(), z.unknown()),
  /** The paths of the secrets that are set, such as `smtp.password`. */
  secrets: z.array(z.string()),
  /** The webhook URL; `null` if the channel has no webhook. */
  webhookUrl: z.string().nullable(),
});
export type ConfiguredChannel = z.infer<typeof configuredChannelSchema>;

/** The result of testing a channel's credentials. */
export const channelTestSchema = z.object({
  ok: z.boolean(),
  /** Why the test failed. */
  reason: z.string().nullable(),
});
export type ChannelTest = z.infer<typeof channelTestSchema>;
