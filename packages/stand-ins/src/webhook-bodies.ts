/** What a large webhook body is made of. */
interface BodyOfPages {
  /** The pages that it is for, in turn. */
  readonly pages: readonly string[];
  /** How many updates there are in all; of each hundred, one is a copy and one makes no sense. */
  readonly updates: number;
  /** How many people write to each page. */
  readonly people: number;
}

/** Who wrote to which page. */
interface Writer {
  readonly pageId: string;
  readonly person: string;
}

/**
 * A body as Meta sends it after a while without an answer: updates of several pages, the newest first in each, some
 * twice and some of no sense.
 *
 * @returns the body, what each person said in the order in which they said it, and how many rows are to be kept.
 */
export function bodyOfPages({ pages, updates, people }: BodyOfPages) {
  const entries = pages.map((id) => ({ id, time: 1, messaging: [] as unknown[] }));
  const said = new Map<string, { readonly writer: Writer; readonly texts: string[] }>();
  const beganAt = Date.now() - updates;
  let copies = 0;
  for (let at = 0; at < updates; at++) {
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
      const known = said.get(key) ?? { writer: { pageId: entry.id, person }, texts: [] };
      said.set(key, known);
      const text = `update ${at}`;
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
    said: new Map([...said.values()].map(({ writer, texts }) => [writer, texts])),
    kept: updates - copies,
  };
}
