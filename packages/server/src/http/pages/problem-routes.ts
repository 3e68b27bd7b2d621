import { type ProblemCode, problemKindSchema, problems } from '@mevrik/protocol';
import { z } from 'zod';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const codes = Object.keys(problems) as ProblemCode[];

/** The page that a problem's `type` links to: what its code means, and whether retrying can help. */
export function problemRoutes(_dependencies: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/problems/:code',
      {
        config: { access: 'public' },
        schema: {
          tags: ['problems'],
          summary: 'Explain a problem code',
          params: z.strictObject({ code: z.enum(codes) }),
          response: { 200: problemKindSchema },
        },
      },
      ({ params: { code } }) => ({ code, ...problems[code] }),
    );
  };
}
