import { buttonSchema, choiceSchema, linkedFileSchema, prioritySchema } from '@mevrik/protocol';
import { z } from 'zod';

const name = z.string().regex(/^[\w-]{1,64}$/, 'must have 1 to 64 letters, digits, `-` or `_`');
const phrase = z.string().min(1).max(200);
const text = z.string().min(1).max(2000);

/** A message of the bot: a text, optionally with quick replies, buttons or attachments. `{{customer.name}}` and `{{answers.x}}` are filled in. */
const botMessageSchema = z.union([
  text,
  z
    .strictObject({
      text: text.optional(),
      quickReplies: z.array(choiceSchema).min(1).max(13).optional(),
      buttons: z.array(buttonSchema).min(1).max(10).optional(),
      attachments: z.array(linkedFileSchema).min(1).max(10).optional(),
    })
    .refine((message) => message.text !== undefined || message.attachments, 'needs text or attachments'),
]);
const botMessages = z.array(botMessageSchema).max(5);

const handoverTargetSchema = z.strictObject({
  queue: z.string().min(1).max(64).optional(),
  priority: prioritySchema.optional(),
  skills: z.array(z.string().min(1).max(64)).max(20).optional(),
});

/** A step: send replies, then go to a menu or a form, or hand over to an agent. */
const stepSchema = z.strictObject({
  replies: botMessages.default([]),
  goto: z
    .string()
    .regex(/^(menu|form)\.[\w-]{1,64}$/, 'must be `menu.{name}` or `form.{name}`')
    .optional(),
  handover: z.union([z.literal(true), handoverTargetSchema]).optional(),
});

const menuSchema = z.strictObject({
  text,
  as: z.enum(['quick_replies', 'buttons']).default('quick_replies'),
  choices: z
    .array(
      stepSchema.extend({
        title: z.string().min(1).max(80),
        payload: z.string().min(1).max(1000).optional(),
      }),
    )
    .min(1)
    .max(10),
});

const fieldSchema = z.strictObject({
  name,
  ask: text,
  type: z.enum(['text', 'email', 'phone', 'number', 'choice']).default('text'),
  choices: z.array(z.string().min(1).max(80)).min(1).max(13).optional(),
  /** Sent after an invalid answer. */
  retry: text.default('Sorry, I didn’t get that. Please try again.'),
});

/** A bot's flow, as its author writes it in YAML or JSON. */
export const flowSchema = z.strictObject({
  greeting: botMessages.default([]),
  intents: z
    .array(
      stepSchema.extend({
        name,
        keywords: z.array(phrase).max(100).default([]),
        patterns: z.array(z.string().min(1).max(500)).max(20).default([]),
      }),
    )
    .max(200)
    .default([]),
  menus: z.record(name, menuSchema).default({}),
  forms: z
    .record(name, z.strictObject({ fields: z.array(fieldSchema).min(1).max(20), done: stepSchema }))
    .default({}),
  handover: handoverTargetSchema
    .extend({
      words: z.array(phrase).max(100).default([]),
      message: text.default('I’m connecting you with our team.'),
    })
    .prefault({}),
  files: stepSchema
    .extend({ message: text.default('Thanks, we’ve received your file.') })
    .prefault({ replies: ['Could you tell me briefly what it’s about?'] }),
  fallback: stepSchema
    .extend({ after: z.int().min(1).max(10).default(2) })
    .prefault({ replies: ['Sorry, I didn’t understand that. Could you rephrase it?'] }),
});

/** A flow with its defaults filled in. */
export type FlowDefinition = z.output<typeof flowSchema>;
/** A message that the bot sends. */
export type BotMessage = z.output<typeof botMessageSchema>;
/** A step of a flow. */
export type FlowStep = z.output<typeof stepSchema>;
/** Where a handover goes: queue, priority and skills. */
export type HandoverTarget = z.output<typeof handoverTargetSchema>;
/** A field of a form. */
export type FormField = z.output<typeof fieldSchema>;
