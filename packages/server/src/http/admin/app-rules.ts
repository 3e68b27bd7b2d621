import { routingRulesBody, routingRulesSchema, rulesTestBody, rulesTestResultSchema } from '@mevrik/protocol';
import { putRules } from '../../commands/admin/configure-app.ts';
import { compileRules, judge, route } from '../../domain/routing/index.ts';
import { rulesTag } from '../../domain/state-tag.ts';
import { listRules } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { setEtag, stateSeenBy } from '../if-match.ts';
import { smallIdParams } from '../params.ts';
import { dropCachedApps } from './apps.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];

/** The routing rules of apps, and a way to try them. */
export function appRuleRoutes(deps: HttpDeps): RoutePlugin {
  const { database, unitOfWork } = deps;
  return (api) => {
    api.get(
      '/v1/admin/apps/:id/rules',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'Get the routing rules of an app',
          params: smallIdParams,
          response: { 200: routingRulesSchema },
        },
      },
      async (request, reply) => {
        const rules = await listRules(database, request.params.id);
        setEtag(reply, rulesTag(rules));
        return { rules };
      },
    );
    api.put(
      '/v1/admin/apps/:id/rules',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'Replace the routing rules of an app',
          params: smallIdParams,
          body: routingRulesBody,
          response: { 200: routingRulesSchema },
        },
      },
      async (request, reply) => {
        const appId = request.params.id;
        const tag = await unitOfWork.run((tx) =>
          putRules(tx, {
            actor: actorOf(request),
            seen: stateSeenBy(request),
            appId,
            rules: request.body.rules,
          }),
        );
        setEtag(reply, tag);
        dropCachedApps(deps);
        return { rules: await listRules(database, appId) };
      },
    );
    api.post(
      '/v1/admin/rules/test',
      {
        config,
        schema: {
          tags,
          summary: 'Test rules on the facts of a message; changes nothing',
          body: rulesTestBody,
          response: { 200: rulesTestResultSchema },
        },
      },
      async ({ body: { rules, facts } }) => {
        const compiled = compileRules(rules);
        return { ...route(compiled, facts), verdicts: judge(compiled, facts) };
      },
    );
  };
}
