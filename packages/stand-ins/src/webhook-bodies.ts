/** The options of a large webhook body. */
interface WebhookBodyOptions {
  /** The pages that it is for, alternating. */
  readonly pages: readonly string[];
  /** The number of events; of each hundred, one is a copy and one is malformed. */
  readonly events: number;
  /** The number of people who write to each page. */
  readonly people: number;
}

/** A person who wrote to a page. */
interface Writer {
  readonly pageId: string;
  readonly person: string;
}

/**
 * Creates a body as Meta sends it after an outage of the webhook: events of several pages, newest first in each, some
 * duplicated and some malformed.
 *
 * @returns the body, the texts of each person in order, and the number of events to be stored.
 */
export function createWebhookBody({ pages, events, people }: WebhookBodyOptions) {
  const entries = pages.map((id) => ({ id, time: 1, messaging: [] as unknown[] }));
  const written = new Map<string, { readonly writer: Writer; readonly texts: string[] }>();
  const beganAt = Date.now() - events;
  let copies = 0;
  for (let at = 0; at < events; at++) {
    const entry = entries[at % entries.length];
    if (!entry) continue;
    const before = entry.messaging[0];
    if (at % 100 === 99 && before !== undefined) {
      entry.messaging.unshift(before);
      copies++;
    } else if (at % 100 === 49) {
      entry.messaging.unshift(`nonsense ${at}`);
    } else {
      const person = `person-${Math.floor(at / entries.length) % people}`;
      const key = `${entry.id} ${person}`;
      const known = written.get(key) ?? { writer: { pageId: entry.id, person }, texts: [] };
      written.set(key, known);
      const text = `event ${at}`;
      known.texts.push(text);
      entry.messaging.unshift({
        sender: { id: person },
        recipient: { id: entry.id },
        timestamp: beganAt + at,
        message: { mid: `mid.${entry.id}.${at}`, text },
      });
    }
  }
  return {
    body: { object: 'page', entry: entries },
    written: new Map([...written.values()].map(({ writer, texts }) => [writer, texts])),
    stored: events - copies,
  };
}
