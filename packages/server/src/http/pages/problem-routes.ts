import { problems } from '@mevrik/protocol';
import { z } from 'zod';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const codes = Object.keys(problems) as (keyof typeof problems)[];
const kindSchema = z.object({ code: z.string(), title: z.string(), status: z.int(), retryable: z.boolean() });

/** What a problem's `type` leads to: what the code means, and whether trying again can help. */
export function problemRoutes(_dependencies: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/problems/:code',
      {
        config: { access: 'public' },
        schema: {
          tags: ['problems'],
          summary: 'What a problem means',
          params: z.strictObject({ code: z.enum(codes) }),
          response: { 200: kindSchema },
        },
      },
      ({ params: { code } }) => ({ code, ...problems[code] }),
    );
  };
}
