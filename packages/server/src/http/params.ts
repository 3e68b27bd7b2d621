import { idSchema } from '@mevrik/protocol';
import { z } from 'zod';

/** Path parameters of a route about one row with a 64-bit id. */
export const idParams = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

/** Path parameters of a route about one row with a 32-bit id, such as an app or an agent. */
export const smallIdParams = z.strictObject({ id: z.coerce.number().pipe(idSchema.max(2_147_483_647)) });

/** Path parameters of a route about one channel of an app. */
export const channelParams = smallIdParams.extend({
  name: z.string().regex(/^[\w-]{1,64}$/, 'must contain only letters, digits, `-` or `_`'),
});
