import { z } from 'zod';
import { agentSchema, pageQuery } from './http.ts';
import { idSchema, messageContentSchema, prioritySchema } from './models.ts';

/** The number of an app, or of another row whose key is a 32-bit integer. */
const smallId = idSchema.max(2_147_483_647);
const settings = z.record(z.string().max(64), z.unknown());

/** Shorter passwords are rejected. */
export const minPasswordLength = 10;

const password = z
  .string()
  .min(minPasswordLength, `must have at least ${minPasswordLength} characters`)
  .max(200);
const person = { name: z.string().trim().min(1).max(200), email: z.email().max(320) };
const employment = {
  role: agentSchema.shape.role,
  skills: z.array(z.string().min(1).max(64)).max(50).optional(),
  capacity: z.int().min(1).max(100).optional(),
  appIds: z.array(smallId).max(1000).optional(),
};

/** Creates the first administrator with the token of the setup link. */
export const setupBody = z.strictObject({ token: z.string().min(1).max(200), ...person, password });
export type Setup = z.input<typeof setupBody>;

/** An agent to add. */
export const newAgentBody = z.strictObject({ ...person, ...employment, password });
export type CreateAgent = z.input<typeof newAgentBody>;

/** Changes to an agent; absent fields stay as they are. */
export const changeAgentBody = z.strictObject({
  ...employment,
  name: person.name.optional(),
  role: employment.role.optional(),
  disabled: z.boolean().optional(),
  password: password.optional(),
});
export type ChangeAgent = z.input<typeof changeAgentBody>;

/** Filters of the list of agents. */
export const agentQuery = pageQuery.extend({
  /** Part of the name, email address or a skill. */
  search: z.string().min(1).max(200).optional(),
  role: employment.role.optional(),
});
export type AgentQuery = Partial<z.input<typeof agentQuery>>;

/** An app as administrators see it, without its secret. */
export const appRecordSchema = z.object({
  id: idSchema,
  key: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  /** As written; defaults are not filled in. */
  settings: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
});
export type AppRecord = z.infer<typeof appRecordSchema>;

/** A new app; an absent id or key is generated. */
export const newAppBody = z.strictObject({
  name: z.string().min(1).max(200),
  id: smallId.optional(),
  key: z
    .string()
    .regex(/^[\w-]{4,64}$/, 'must have 4 to 64 letters, digits, `-` or `_`')
    .optional(),
  settings: settings.optional(),
});
export type NewApp = z.input<typeof newAppBody>;

/** A new app with its secret, which is never shown again. */
export const createdAppSchema = z.object({
  id: idSchema,
  key: z.string(),
  secret: z.string(),
  name: z.string(),
});
export type CreatedApp = z.infer<typeof createdAppSchema>;

/** Changes to an app. Settings are merged into the stored ones; `null` removes one. */
export const changeAppBody = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  enabled: z.boolean().optional(),
  settings: settings.optional(),
});
export type ChangeApp = z.input<typeof changeAppBody>;

/** All settings of an app. */
export const appSettingsBody = settings;

/** A new secret, which is never shown again. */
export const rotatedSecretSchema = z.object({ secret: z.string() });
export type RotatedSecret = z.infer<typeof rotatedSecretSchema>;

/** A channel in the list of an app's channels, with the names of its settings. */
export const channelSummarySchema = z.object({
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  settings: z.array(z.string()),
});
export type ChannelSummary = z.infer<typeof channelSummarySchema>;
/** An app's channels. */
export const channelListSchema = z.object({ items: z.array(channelSummarySchema) });

const channelKind = z.string().min(1).max(32);
/** A channel's kind and settings, as it is created or replaced. */
export const putChannelBody = z.strictObject({
  kind: channelKind,
  enabled: z.boolean().optional(),
  settings: settings.optional(),
});
/** A channel's settings; its kind never changes. */
export const changeChannelBody = putChannelBody.omit({ kind: true });
/** Settings to try out before they are saved. */
export const channelTestBody = z.strictObject({ kind: channelKind, settings: settings.default({}) });

/**
 * A routing rule: a CEL expression, and what happens to the messages for which it is true. `queue` puts a conversation
 * without an agent into a queue; `ticket` opens a case and sends no reply; `transfer` hands over to an agent at once;
 * `bot` lets the bot reply and hand over on demand.
 */
export const routingRuleSchema = z.strictObject({
  name: z.string().min(1).max(100),
  when: z.string().min(1).max(2000),
  action: z.enum(['bot', 'queue', 'ticket', 'transfer']),
  queue: z.string().min(1).max(64).optional(),
  priority: prioritySchema.optional(),
  skills: z.array(z.string().min(1).max(64)).max(20).optional(),
});
export type RoutingRule = z.infer<typeof routingRuleSchema>;

/** An app's routing rules, replacing all earlier ones. */
export const routingRulesBody = z.strictObject({ rules: z.array(routingRuleSchema).max(200) });
/** An app's routing rules, in the order in which they are tried. */
export const routingRulesSchema = z.object({ rules: z.array(routingRuleSchema) });
export type RoutingRules = z.infer<typeof routingRulesSchema>;

/** Rules to try on the facts of one message. */
export const rulesTestBody = routingRulesBody.extend({
  facts: z.strictObject({
    app: z.strictObject({ id: z.int(), name: z.string() }),
    channel: z.strictObject({ name: z.string(), kind: z.string() }),
    message: z.strictObject({ kind: z.string(), text: z.string(), payload: z.string() }),
    session: z.strictObject({ agentType: z.string(), path: z.string() }),
    customer: z.strictObject({
      verified: z.boolean(),
      locale: z.string(),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  }),
});
export type RulesTest = z.input<typeof rulesTestBody>;

/** The routing decision, and the outcome of every rule in order, including those after the one that decided. */
export const rulesTestResultSchema = z.object({
  action: routingRuleSchema.shape.action,
  rule: z.string(),
  queue: z.string().nullable(),
  priority: prioritySchema.nullable(),
  skills: z.array(z.string()).readonly(),
  /** Rules that could not be evaluated, which counts as no match. */
  failed: z.array(z.string()).readonly(),
  verdicts: z.array(z.object({ rule: z.string(), outcome: z.enum(['true', 'false', 'failed']) })).readonly(),
});
export type RulesTestResult = z.infer<typeof rulesTestResultSchema>;

const flow = z.string().min(1).max(262_144);

/** An app's bot: the built-in one with its flow, or a bot behind a webhook. */
export const putBotBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('builtin'), flow }),
  z.strictObject({
    kind: z.literal('http'),
    url: z.url({ protocol: /^https?$/ }).max(2048),
    timeoutMs: z.int().min(100).max(30_000).default(5000),
  }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type PutBot = z.input<typeof putBotBody>;

/** The bot of an app. The secret of an HTTP bot is present only when it has just been created. */
export const botSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('builtin'), flow: z.string() }),
  z.object({
    kind: z.literal('http'),
    url: z.string().nullable(),
    timeoutMs: z.int(),
    secret: z.string().optional(),
  }),
  z.object({ kind: z.literal('none') }),
]);
export type Bot = z.infer<typeof botSchema>;

/** What the bot remembers of a session between two turns. */
export const botStateSchema = z.strictObject({
  /** The form being filled in, and its next field. */
  form: z
    .strictObject({ name: z.string().max(64), field: z.int().min(0).max(20), tries: z.int().min(0).max(100) })
    .nullable(),
  answers: z.record(z.string().max(64), z.union([z.string().max(1000), z.number()])),
  /** Consecutive turns that the bot did not understand. */
  misunderstandings: z.int().min(0).max(1000),
  /** The last turn was a file without text, and the bot has asked what it is about. */
  askedAboutFile: z.literal(true).optional(),
});
export type BotState = z.infer<typeof botStateSchema>;

/** One turn to try a flow with; without a text, payload and file, the flow's greeting. */
export const botTestBody = z.strictObject({
  flow,
  state: botStateSchema.nullable().default(null),
  text: z.string().max(10_000).optional(),
  payload: z.string().max(1000).optional(),
  /** Whether the message has an attachment. */
  file: z.boolean().default(false),
});
export type BotTest = z.input<typeof botTestBody>;

/** The bot's turn. `interpretation` says how the bot understood the input; `null` for the greeting. */
export const botTestResultSchema = z.object({
  replies: z.array(messageContentSchema).readonly(),
  state: botStateSchema.nullable(),
  handover: z
    .object({
      queue: z.string().optional(),
      priority: prioritySchema.optional(),
      skills: z.array(z.string()).optional(),
      reason: z.string(),
    })
    .nullable(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).readonly(),
  interpretation: z.object({ as: z.string(), name: z.string().optional() }).nullable(),
});
export type BotTestResult = z.infer<typeof botTestResultSchema>;

/** A request that was accepted and is carried out later. */
export const requestAcceptedSchema = z.object({ accepted: z.literal(true) });
export type RequestAccepted = z.infer<typeof requestAcceptedSchema>;
