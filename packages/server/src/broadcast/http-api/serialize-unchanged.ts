import type { FastifySerializerCompiler } from 'fastify/types/schema.js';
import { ResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';

/**
 * Checks a response against its schema and sends it as it is: Pusher's libraries get exactly what the gateway produced,
 * with fields that the schema does not know. The schema's own output would also lose a channel called `__proto__`.
 */
export const serializeUnchanged: FastifySerializerCompiler<unknown> = ({ schema, method, url }) => {
  if (!(schema instanceof z.ZodType))
    throw new TypeError(`${method} ${url}: the response schema is not a Zod schema.`);
  return (data) => {
    const { error } = schema.safeParse(data);
    if (error) throw new ResponseSerializationError(method, url, { cause: error });
    return JSON.stringify(data);
  };
};
