import {
  appRecordSchema,
  appSettingsBody,
  changeAppBody,
  createdAppSchema,
  newAppBody,
  pageOf,
  pageQuery,
  rotatedSecretSchema,
  settingFormSchema,
} from '@mevrik/protocol';
import { appSettingsSchema } from '../../apps/app-settings.ts';
import { writeAudit } from '../../audit/audit.ts';
import { changeApp, replaceSettings, rotateSecret } from '../../commands/admin/configure-app.ts';
import { registerApp } from '../../commands/register-app.ts';
import { appTag } from '../../domain/state-tag.ts';
import { listApps, requireAppRow } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { setEtag, stateSeenBy } from '../if-match.ts';
import { smallIdParams } from '../params.ts';
import { describeSettings } from './setting-fields.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];
const settingGroups = describeSettings(appSettingsSchema);

/** Apps and their settings. Changes take effect at once on this node, and within seconds on others. */
export function appRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addAppListRoutes(api, deps);
    addAppRoutes(api, deps);
    addSettingsRoutes(api, deps);
    addSecretRoute(api, deps);
  };
}

/** Drops what this node has cached of apps, so that a change takes effect at once. */
export function dropCachedApps({ apps, authenticator }: Pick<HttpDeps, 'apps' | 'authenticator'>): void {
  apps.forget();
  authenticator.forget();
}

function addAppListRoutes(api: Api, deps: HttpDeps): void {
  api.get(
    '/v1/admin/apps',
    {
      config,
      schema: {
        tags,
        summary: 'List apps',
        querystring: pageQuery,
        response: { 200: pageOf(appRecordSchema) },
      },
    },
    (request) => listApps(deps.database, request.query),
  );
  api.post(
    '/v1/admin/apps',
    {
      config,
      schema: {
        tags,
        summary: 'Create an app; its secret is shown only once',
        body: newAppBody,
        response: { 201: createdAppSchema },
      },
    },
    async (request, reply) => {
      const created = await deps.unitOfWork.run(async (tx) => {
        const app = await registerApp(tx, request.body, deps.channels);
        const target = `app ${app.id}`;
        await writeAudit(tx.sql, { appId: app.id, actor: actorOf(request), action: 'app.create', target });
        return app;
      });
      dropCachedApps(deps);
      return reply.code(201).send(created);
    },
  );
}

function addAppRoutes(api: Api, deps: HttpDeps): void {
  const { database, unitOfWork, queueNotifier } = deps;
  api.get(
    '/v1/admin/apps/:id',
    {
      config: guarded,
      schema: { tags, summary: 'Get an app', params: smallIdParams, response: { 200: appRecordSchema } },
    },
    async (request, reply) => {
      const app = await requireAppRow(database, request.params.id);
      setEtag(reply, appTag(app));
      return app;
    },
  );
  api.patch(
    '/v1/admin/apps/:id',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Change an app; settings are merged, and `null` removes one',
        params: smallIdParams,
        body: changeAppBody,
        response: { 200: appRecordSchema },
      },
    },
    async (request, reply) => {
      const appId = request.params.id;
      const tag = await unitOfWork.run((tx) =>
        changeApp(tx, { actor: actorOf(request), seen: stateSeenBy(request), appId, ...request.body }),
      );
      setEtag(reply, tag);
      dropCachedApps(deps);
      queueNotifier.availabilityChanged(appId);
      return requireAppRow(database, appId);
    },
  );
}

function addSettingsRoutes(api: Api, deps: HttpDeps): void {
  api.get(
    '/v1/admin/app-settings',
    {
      config,
      schema: { tags, summary: 'Describe the settings of apps', response: { 200: settingFormSchema } },
    },
    async () => ({ groups: settingGroups }),
  );
  api.put(
    '/v1/admin/apps/:id/settings',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Replace all settings of an app; omitted ones return to their defaults',
        params: smallIdParams,
        body: appSettingsBody,
        response: { 200: appRecordSchema },
      },
    },
    async (request, reply) => {
      const appId = request.params.id;
      const tag = await deps.unitOfWork.run((tx) =>
        replaceSettings(tx, {
          actor: actorOf(request),
          seen: stateSeenBy(request),
          appId,
          settings: request.body,
        }),
      );
      setEtag(reply, tag);
      dropCachedApps(deps);
      return requireAppRow(deps.database, appId);
    },
  );
}

function addSecretRoute(api: Api, deps: HttpDeps): void {
  api.post(
    '/v1/admin/apps/:id/rotate-secret',
    {
      config,
      schema: {
        tags,
        summary: 'Rotate the secret of an app',
        params: smallIdParams,
        response: { 200: rotatedSecretSchema },
      },
    },
    async (request) => {
      const appId = request.params.id;
      const secret = await deps.unitOfWork.run((tx) => rotateSecret(tx, { actor: actorOf(request), appId }));
      dropCachedApps(deps);
      return { secret };
    },
  );
}
