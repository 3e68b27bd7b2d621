import { idSchema, pageQuery, settingGroupSchema } from '@mevrik/protocol';
import { z } from 'zod';
import { appSettingsSchema } from '../../apps/app-settings.ts';
import { writeAudit } from '../../audit/audit.ts';
import {
  changeApp,
  putBot,
  putRules,
  replaceSettings,
  rotateSecret,
} from '../../commands/admin/configure-app.ts';
import { registerApp } from '../../commands/register-app.ts';
import { botStateSchema, greet, interpret, parseFlow, respond } from '../../domain/bot/index.ts';
import { compileRules, judge, route, routingRuleSchema } from '../../domain/routing/index.ts';
import { appTag, botTag, rulesTag } from '../../domain/state-tag.ts';
import { listApps, listRules, readBot, requireAppRow } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { seenBy, tagged } from '../if-match.ts';
import { describeSettings } from './setting-fields.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema.max(2_147_483_647)) });
const settings = z.record(z.string().max(64), z.unknown());

const appBody = z.strictObject({
  name: z.string().min(1).max(200),
  id: idSchema.max(2_147_483_647).optional(),
  key: z
    .string()
    .regex(/^[\w-]{4,64}$/, 'must have 4 to 64 letters, digits, `-` or `_`')
    .optional(),
  settings: settings.optional(),
});
const appChanges = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  enabled: z.boolean().optional(),
  settings: settings.optional(),
});
const rulesBody = z.strictObject({ rules: z.array(routingRuleSchema).max(200) });
const attribute = z.union([z.string(), z.number(), z.boolean()]);
const rulesTest = rulesBody.extend({
  facts: z.strictObject({
    app: z.strictObject({ id: z.int(), name: z.string() }),
    channel: z.strictObject({ name: z.string(), kind: z.string() }),
    message: z.strictObject({ kind: z.string(), text: z.string(), payload: z.string() }),
    session: z.strictObject({ agentType: z.string(), path: z.string() }),
    customer: z.strictObject({
      verified: z.boolean(),
      locale: z.string(),
      attributes: z.record(z.string(), attribute),
    }),
  }),
});
const botBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('builtin'), flow: z.string().min(1).max(262_144) }),
  z.strictObject({
    kind: z.literal('http'),
    url: z.url({ protocol: /^https?$/ }).max(2048),
    timeoutMs: z.int().min(100).max(30_000).default(5000),
  }),
  z.strictObject({ kind: z.literal('none') }),
]);
const botTest = z.strictObject({
  flow: z.string().min(1).max(262_144),
  state: botStateSchema.nullable().default(null),
  text: z.string().max(10_000).optional(),
  payload: z.string().max(1000).optional(),
  /** A file comes with it. */
  file: z.boolean().default(false),
});

const settingGroups = describeSettings(appSettingsSchema);

/** Apps, their rules and bots. Whatever is changed holds at once on this node, within seconds on others. */
export function appRoutes({ database, unitOfWork, apps, authenticator, reception }: HttpDeps): RoutePlugin {
  const forget = () => {
    apps.forget();
    authenticator.forget();
  };
  return (api) => {
    api.get(
      '/v1/admin/apps',
      { config, schema: { tags, summary: 'Apps', querystring: pageQuery } },
      (request) => listApps(database, request.query),
    );
    api.post(
      '/v1/admin/apps',
      { config, schema: { tags, summary: 'Make an app; its secret is told this once', body: appBody } },
      async (request, reply) => {
        const made = await unitOfWork.run(async (tx) => {
          const app = await registerApp(tx, request.body);
          const target = `app ${app.id}`;
          await writeAudit(tx.sql, { appId: app.id, actor: actorOf(request), action: 'app.create', target });
          return app;
        });
        forget();
        return reply.code(201).send(made);
      },
    );
    api.get(
      '/v1/admin/apps/:id',
      { config: guarded, schema: { tags, summary: 'An app', params } },
      async (request, reply) => {
        const app = await requireAppRow(database, request.params.id);
        tagged(reply, appTag(app));
        return app;
      },
    );
    api.patch(
      '/v1/admin/apps/:id',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'Change an app; settings are laid over the old ones, and `null` takes one away',
          params,
          body: appChanges,
        },
      },
      async (request, reply) => {
        const appId = request.params.id;
        const change = { actor: actorOf(request), seen: seenBy(request), appId, ...request.body };
        tagged(reply, await unitOfWork.run((tx) => changeApp(tx, change)));
        forget();
        reception.openingChanged(appId);
        return requireAppRow(database, appId);
      },
    );
    api.get(
      '/v1/admin/app-settings',
      {
        config,
        schema: {
          tags,
          summary: 'What can be set of an app',
          response: { 200: z.object({ groups: z.array(settingGroupSchema) }) },
        },
      },
      async () => ({ groups: settingGroups }),
    );
    api.put(
      '/v1/admin/apps/:id/settings',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'Replace all settings of an app: what is left out has its default',
          params,
          body: settings,
        },
      },
      async (request, reply) => {
        const appId = request.params.id;
        const by = { actor: actorOf(request), seen: seenBy(request) };
        tagged(
          reply,
          await unitOfWork.run((tx) => replaceSettings(tx, { ...by, appId, settings: request.body })),
        );
        forget();
        return requireAppRow(database, appId);
      },
    );
    api.post(
      '/v1/admin/apps/:id/rotate-secret',
      { config, schema: { tags, summary: 'Give an app a new secret', params } },
      async (request) => {
        const appId = request.params.id;
        const secret = await unitOfWork.run((tx) => rotateSecret(tx, { actor: actorOf(request), appId }));
        forget();
        return { secret };
      },
    );
    api.get(
      '/v1/admin/apps/:id/rules',
      { config: guarded, schema: { tags, summary: 'Routing rules of an app', params } },
      async (request, reply) => {
        const rules = await listRules(database, request.params.id);
        tagged(reply, rulesTag(rules));
        return { rules };
      },
    );
    api.put(
      '/v1/admin/apps/:id/rules',
      { config: guarded, schema: { tags, summary: 'Replace the routing rules', params, body: rulesBody } },
      async (request, reply) => {
        const appId = request.params.id;
        const by = { actor: actorOf(request), seen: seenBy(request) };
        tagged(reply, await unitOfWork.run((tx) => putRules(tx, { ...by, appId, ...request.body })));
        forget();
        return { rules: await listRules(database, appId) };
      },
    );
    api.post(
      '/v1/admin/rules/test',
      { config, schema: { tags, summary: 'Try rules on facts; nothing is changed', body: rulesTest } },
      async ({ body: { rules: given, facts } }) => {
        const rules = compileRules(given);
        return { ...route(rules, facts), verdicts: judge(rules, facts) };
      },
    );
    api.get(
      '/v1/admin/apps/:id/bot',
      { config: guarded, schema: { tags, summary: 'The bot of an app', params } },
      async (request, reply) => {
        const bot = await readBot(database, request.params.id);
        tagged(reply, botTag(bot));
        return bot;
      },
    );
    api.put(
      '/v1/admin/apps/:id/bot',
      { config: guarded, schema: { tags, summary: 'Give an app its bot', params, body: botBody } },
      async (request, reply) => {
        const appId = request.params.id;
        const by = { actor: actorOf(request), seen: seenBy(request) };
        const { secret, tag } = await unitOfWork.run((tx) => putBot(tx, { ...by, appId, bot: request.body }));
        tagged(reply, tag);
        forget();
        return { ...(await readBot(database, appId)), ...(secret === null ? {} : { secret }) };
      },
    );
    api.post(
      '/v1/admin/bot/test',
      {
        config,
        schema: {
          tags,
          summary: 'Try a flow, from its greeting where nothing is said; nothing is changed',
          body: botTest,
        },
      },
      async (request) => {
        const { flow, state, text, payload, file } = request.body;
        const parsed = parseFlow(flow);
        const customer = { name: null };
        if (text === undefined && payload === undefined && !file) {
          return { replies: greet(parsed, customer), state, handover: null, attributes: {}, heard: null };
        }
        const input = { kind: file ? ('attachment' as const) : ('text' as const), text, payload };
        const heard = interpret(parsed, state, input);
        return {
          ...respond(parsed, state, input, customer),
          heard: { as: heard.as, ...('name' in heard ? { name: heard.name } : {}) },
        };
      },
    );
  };
}
