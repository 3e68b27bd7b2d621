import { botSchema, botTestBody, botTestResultSchema, putBotBody } from '@mevrik/protocol';
import { putBot } from '../../commands/admin/configure-app.ts';
import { greet, interpret, parseFlow, respond } from '../../domain/bot/index.ts';
import { botTag } from '../../domain/state-tag.ts';
import { readBot } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { setEtag, stateSeenBy } from '../if-match.ts';
import { smallIdParams } from '../params.ts';
import { dropCachedApps } from './apps.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];

/** The bots of apps, and a way to try a flow. */
export function appBotRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addBotRoutes(api, deps);
    addBotTestRoute(api);
  };
}

function addBotRoutes(api: Api, deps: HttpDeps): void {
  const { database, unitOfWork } = deps;
  api.get(
    '/v1/admin/apps/:id/bot',
    {
      config: guarded,
      schema: { tags, summary: 'Get the bot of an app', params: smallIdParams, response: { 200: botSchema } },
    },
    async (request, reply) => {
      const bot = await readBot(database, request.params.id);
      setEtag(reply, botTag(bot));
      return bot;
    },
  );
  api.put(
    '/v1/admin/apps/:id/bot',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Set the bot of an app; the secret of a new HTTP bot is shown only once',
        params: smallIdParams,
        body: putBotBody,
        response: { 200: botSchema },
      },
    },
    async (request, reply) => {
      const appId = request.params.id;
      const { secret, tag } = await unitOfWork.run((tx) =>
        putBot(tx, { actor: actorOf(request), seen: stateSeenBy(request), appId, bot: request.body }),
      );
      setEtag(reply, tag);
      dropCachedApps(deps);
      const bot = await readBot(database, appId);
      return secret === null ? bot : { ...bot, secret };
    },
  );
}

function addBotTestRoute(api: Api): void {
  api.post(
    '/v1/admin/bot/test',
    {
      config,
      schema: {
        tags,
        summary:
          'Test a flow with one message, or with its greeting when the message is empty; changes nothing',
        body: botTestBody,
        response: { 200: botTestResultSchema },
      },
    },
    async (request) => {
      const { flow, state, text, payload, file } = request.body;
      const parsed = parseFlow(flow);
      const customer = { name: null };
      if (text === undefined && payload === undefined && !file) {
        return {
          replies: greet(parsed, customer),
          state,
          handover: null,
          attributes: {},
          interpretation: null,
        };
      }
      const input = { kind: file ? ('attachment' as const) : ('text' as const), text, payload };
      const interpretation = interpret(parsed, state, input);
      return {
        ...respond(parsed, state, input, customer),
        interpretation:
          'name' in interpretation
            ? { as: interpretation.as, name: interpretation.name }
            : { as: interpretation.as },
      };
    },
  );
}
