import { definitionOf, type EventData, type EventName, findUnstorable, ProblemError } from '@mevrik/protocol';
import { v7 as uuidv7 } from 'uuid';
import type { RaisedEvent } from './log.ts';
import { partitionCount, partitionOf } from './partition.ts';

/** Where an event comes from: a request, which may carry a trace, or another event. */
export interface Cause {
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly traceparent: string | null;
  /** The connection that is excluded from broadcasts of the events that follow. */
  readonly socketId: string | null;
}

/** The cause of events that come from neither a request with a trace nor another event. */
export const noCause: Cause = { correlationId: null, causationId: null, traceparent: null, socketId: null };

/**
 * Creates an event.
 *
 * @returns the event, or `null` if its definition's `when` says that it is not dispatched.
 * @throws ProblemError `invalid_event_data`, naming the fields, when the data does not match the schema or contains
 *   text that PostgreSQL cannot store.
 */
export function makeEvent<Name extends EventName>(
  name: Name,
  data: EventData<Name>,
  cause: Cause,
): RaisedEvent | null {
  const definition = definitionOf(name);
  const parsed = definition.schema.safeParse(data);
  if (!parsed.success) {
    throw invalidData(
      name,
      parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    );
  }
  const unstorable = findUnstorable(parsed.data);
  if (unstorable) {
    throw invalidData(name, [{ path: unstorable.path.join('.'), message: 'cannot be stored' }]);
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

function invalidData(name: string, fields: readonly { path: string; message: string }[]): ProblemError {
  const [first] = fields;
  return new ProblemError(
    'invalid_event_data',
    `${name} cannot be appended: ${first?.path || 'its data'}: ${first?.message ?? 'invalid'}`,
    { fields },
  );
}
