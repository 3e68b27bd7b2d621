import { definitionOf, type EventData, type EventName, ProblemError } from '@mevrik/protocol';
import { v7 as uuidv7 } from 'uuid';
import type { RaisedEvent } from './log.ts';
import { partitionCount, partitionOf } from './partition.ts';

/** What an event comes from: a request that may carry a trace, or another event. */
export interface Cause {
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly traceparent: string | null;
  /** The connection that is not told of what this causes. */
  readonly socketId: string | null;
}

/** The cause of what nobody asked for by an event or a trace. */
export const noCause: Cause = { correlationId: null, causationId: null, traceparent: null, socketId: null };

/**
 * Makes an event of its name and data.
 *
 * @returns the event, or `null` where its definition's `when` says that it is not dispatched.
 * @throws ProblemError `invalid_event_data`, naming the fields, when the data does not fit the schema.
 */
export function makeEvent<Name extends EventName>(
  name: Name,
  data: EventData<Name>,
  cause: Cause,
): RaisedEvent | null {
  const definition = definitionOf(name);
  const parsed = definition.schema.safeParse(data);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }));
    const first = fields[0];
    throw new ProblemError(
      'invalid_event_data',
      `${name} can't be appended: ${first?.path || 'its data'}: ${first?.message ?? 'not valid'}`,
      { fields },
    );
  }
  if (!definition.when(parsed.data)) return null;
  const id = uuidv7();
  const key = definition.key(parsed.data);
  return {
    id,
    type: name,
    version: definition.version,
    key,
    partition: partitionOf(key, partitionCount),
    appId: definition.appId(parsed.data),
    sessionId: definition.sessionId(parsed.data),
    occurredAt: new Date().toISOString(),
    correlationId: cause.correlationId ?? id,
    causationId: cause.causationId,
    traceparent: cause.traceparent,
    socketId: cause.socketId,
    data: parsed.data,
  } as RaisedEvent;
}
