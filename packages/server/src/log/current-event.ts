import { definitionOf, type Event, isEventName } from '@mevrik/protocol';

/** The log contains an event that this version of the product cannot read. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
  /** Whether a newer version wrote it: once that version runs here, the event can be read. */
  readonly isNewer: boolean;

  constructor(message: string, isNewer: boolean) {
    super(message);
    this.isNewer = isNewer;
  }
}

/** Events by what reading them gave. The same object is read by several listeners and by the broadcast lane. */
const known = new WeakMap<Event, Event | UnreadableEventError>();

/** Remembers that these events were validated when they were raised. */
export function trustEvents(events: readonly Event[]): void {
  for (const event of events) known.set(event, event);
}

/**
 * An event of the log as this version defines it: data of an older version is brought up to date, and checked.
 *
 * @throws UnreadableEventError for an unknown type, a newer version, and data that does not match the definition.
 */
export function currentEvent(event: Event): Event {
  let read = known.get(event);
  if (!read) {
    read = interpret(event);
    known.set(event, read);
  }
  if (read instanceof UnreadableEventError) throw read;
  return read;
}

function interpret(event: Event): Event | UnreadableEventError {
  const { type, version } = event;
  if (!isEventName(type)) return new UnreadableEventError(`Unknown event type ${type}`, true);
  const definition = definitionOf(type);
  if (version > definition.version) {
    return new UnreadableEventError(
      `Version ${version} of ${type} is newer than ${definition.version}, the one known here`,
      true,
    );
  }
  try {
    let data: unknown = event.data;
    for (let from = version; from < definition.version; from++) data = definition.upcasters[from]?.(data);
    const checked = definition.schema.safeParse(data);
    if (checked.success) return { ...event, version: definition.version, data: checked.data } as Event;
    const [issue] = checked.error.issues;
    return new UnreadableEventError(
      `The data of ${type} does not match its definition: ${issue?.path.join('.')} ${issue?.message}`,
      false,
    );
  } catch (cause) {
    return Object.assign(
      new UnreadableEventError(`The data of ${type} cannot be converted from version ${version}`, false),
      { cause },
    );
  }
}
