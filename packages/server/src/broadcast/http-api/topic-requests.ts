import { ProblemError, pusherBatchBody, pusherEventBody } from '@mevrik/protocol';
import type { z } from 'zod';
import { fieldErrorsOf } from '../../domain/field-errors.ts';

/** An event sent by a back end. */
export interface TriggeredEvent {
  readonly channels: readonly string[];
  readonly name: string;
  readonly data: string;
  readonly socket_id?: string | null | undefined;
  readonly info?: string | null | undefined;
}

/** Reads the body of `POST /events`. @throws ProblemError `bad_request`. */
export function readEvent(body: unknown): TriggeredEvent {
  return parse(pusherEventBody, body);
}

/** Reads the body of `POST /batch_events`. @throws ProblemError `bad_request`. */
export function readBatch(body: unknown): readonly TriggeredEvent[] {
  return parse(pusherBatchBody, body).batch.map(({ channel, ...event }) => ({
    ...event,
    channels: [channel],
  }));
}

/** A validation error: 400, because Pusher's libraries do not know 422. */
export function badRequest(path: string, message: string): ProblemError {
  return new ProblemError('bad_request', `${path} ${message}.`, { fields: [{ path, message }] });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ProblemError('bad_request', 'The event is not valid.', {
    cause: parsed.error,
    fields: fieldErrorsOf(parsed.error),
  });
}
