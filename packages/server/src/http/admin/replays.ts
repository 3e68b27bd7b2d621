import { eventNames, idSchema } from '@mevrik/protocol';
import { z } from 'zod';
import type { Replays } from '../../dispatch/replays.ts';
import { actorOf } from '../access.ts';
import type { RoutePlugin } from '../http-dependencies.ts';
import { idempotencyOf } from '../idempotency.ts';

const config = { access: ['admin'] as const };
const tags = ['events'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });
const instant = z.iso.datetime({ offset: true });
const filter = z
  .strictObject({
    eventId: z.uuid().optional(),
    types: z.array(z.enum(eventNames)).min(1).max(eventNames.length).optional(),
    appId: idSchema.max(2_147_483_647).optional(),
    key: z.string().min(1).max(300).optional(),
    from: instant.optional(),
    until: instant.optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    message: 'must name something: an empty filter would mean all events',
  });
const body = z.strictObject({
  listeners: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(50)
    .refine((names) => new Set(names).size === names.length, { message: 'names a listener twice' }),
  filter,
});

/** Events run again by filter: what would run, running it, and how far it has come. */
export function replayRoutes(replays: Replays): RoutePlugin {
  return (api) => {
    api.post(
      '/v1/admin/replays/preview',
      { config, schema: { tags, summary: 'What a replay would run; it changes nothing', body } },
      (request) => replays.preview(request.body),
    );
    api.post(
      '/v1/admin/replays',
      {
        config,
        schema: {
          tags,
          summary: 'Run events again, for the listeners named and no others',
          description:
            'In order per key, each once. With an `Idempotency-Key`, asking again answers with the same replay.',
          body,
        },
      },
      async (request, reply) => {
        const actor = actorOf(request);
        const replay = await replays.start(request.body, {
          actor,
          idempotency: idempotencyOf(request, actor),
        });
        return reply.code(202).send(replay);
      },
    );
    api.get(
      '/v1/admin/replays/:id',
      { config, schema: { tags, summary: 'How far a replay has come', params } },
      (request) => replays.get(request.params.id),
    );
    api.post(
      '/v1/admin/replays/:id/cancel',
      { config, schema: { tags, summary: 'Run nothing more of a replay; what has run stays', params } },
      (request) => replays.cancel(request.params.id, actorOf(request)),
    );
  };
}
