import { z } from 'zod';

/** One thing that can be set, as a form shows it. */
export const settingFieldSchema = z.object({
  /** Where it is in the settings, as in `smtp.host`. */
  path: z.string(),
  title: z.string(),
  /** What it is good for. */
  help: z.string().nullable(),
  /** `secret` is written and never read; `json` is what no simpler form fits. */
  type: z.enum(['text', 'secret', 'number', 'integer', 'switch', 'choice', 'list', 'json']),
  /** Whether it may have several lines. */
  isLong: z.boolean(),
  /** Whether it is any text of ours, so that a random one is best. */
  isOwn: z.boolean(),
  isRequired: z.boolean(),
  /** Whether `null` means something: as that there is no limit. */
  isNullable: z.boolean(),
  /** What holds where nothing is set; absent where nothing does. */
  default: z.unknown().optional(),
  choices: z.array(z.object({ value: z.string(), label: z.string() })),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
export type SettingField = z.infer<typeof settingFieldSchema>;

/** Things that are set together. */
export const settingGroupSchema = z.object({
  /** Where they are in the settings, as in `smtp`; empty for those at the top. */
  path: z.string(),
  title: z.string().nullable(),
  help: z.string().nullable(),
  /** Whether the whole group can be left out. */
  isOptional: z.boolean(),
  fields: z.array(settingFieldSchema),
});
export type SettingGroup = z.infer<typeof settingGroupSchema>;

/** A kind of channel, and what a channel of it must be told. */
export const channelKindSchema = z.object({
  kind: z.string(),
  title: z.string(),
  summary: z.string(),
  /** What is to be done at the provider, in order; `{webhook}` stands for our address, `{verifyToken}` for a setting. */
  steps: z.array(z.string()),
  groups: z.array(settingGroupSchema),
  /** Whether the provider calls an address of ours. */
  hasWebhook: z.boolean(),
  /** Whether its credentials can be tried. */
  isTestable: z.boolean(),
  /** Whether we can tell the provider our address. */
  isConnectable: z.boolean(),
});
export type ChannelKind = z.infer<typeof channelKindSchema>;

/** A channel as an administrator sees it: everything but its secrets. */
export const configuredChannelSchema = z.object({
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  /** What is set, without what is secret. */
  settings: z.record(z.string(), z.unknown()),
  /** The paths of the secrets that are set, such as `smtp.password`. */
  secrets: z.array(z.string()),
  /** Where its provider calls; `null` where nobody does. */
  webhookUrl: z.string().nullable(),
});
export type ConfiguredChannel = z.infer<typeof configuredChannelSchema>;

/** What came of trying a channel's credentials. */
export const channelTestSchema = z.object({
  ok: z.boolean(),
  /** Why it does not work. */
  reason: z.string().nullable(),
});
export type ChannelTest = z.infer<typeof channelTestSchema>;
