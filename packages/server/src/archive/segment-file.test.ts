import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@mevrik/protocol';
import { array, assert, asyncProperty, constantFrom, record, string } from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDiskStore } from '../attachments/disk-store.ts';
import { type ArchivedEvent, linesOf, readSegment, SegmentWriter, segmentName } from './segment-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mevrik-segments-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function lineWith(text: string): ArchivedEvent {
  const event = { id: randomUUID(), partition: 3, offset: 7, key: `1/web:${text}`, data: { text } };
  const at = '2026-01-01T00:00:00.000Z';
  const failures = [{ at, error: text, durationMs: 1.5, node: 'one' }];
  const handled = [
    {
      subscription: 'A',
      node: randomUUID(),
      startedAt: at,
      finishedAt: at,
      durationUs: 7,
      attempt: 2,
      failures,
    },
  ];
  return { event: event as unknown as Event, handled };
}

async function written(lines: readonly ArchivedEvent[]) {
  const writer = new SegmentWriter();
  for (const line of lines) await writer.append(line);
  return { writer, ...(await writer.end()) };
}

async function linesIn(bytes: Buffer): Promise<ArchivedEvent[]> {
  const lines: ArchivedEvent[] = [];
  for await (const line of linesOf(bytes)) lines.push(line);
  return lines;
}

it('returns what was written, whatever customers wrote', async () => {
  const lineEnds = constantFrom('\n', '\r\n', '\u2028', '\u2029', '\u0085', '\0', '"', '\\', '💥');
  const texts = array(record({ text: string({ unit: 'binary' }), end: lineEnds }), { maxLength: 30 });
  await assert(
    asyncProperty(texts, async (given) => {
      const lines = given.map(({ text, end }) => lineWith(`${text}${end}${text}`));
      const { bytes, writer } = await written(lines);
      expect(writer.events).toBe(lines.length);
      expect(await linesIn(bytes)).toEqual(lines);
    }),
    { numRuns: 50 },
  );
});

it('returns lines that are longer than what is decompressed at once', async () => {
  const lines = ['a', 'b', 'c'].map((letter) => lineWith(letter.repeat(200_000)));
  expect(await linesIn((await written(lines)).bytes)).toEqual(lines);
});

it('is rejected if it is damaged or missing', async () => {
  const store = createDiskStore(folder);
  const { bytes, digest } = await written([lineWith('hello')]);
  const name = segmentName({ appId: 4, id: 7 });
  await expect(readSegment(store, name, digest)).rejects.toThrow('is missing');
  await store.put(name, bytes);
  expect(await readSegment(store, name, digest)).toEqual(bytes);
  await truncate(join(folder, name), bytes.length - 1);
  await expect(readSegment(store, name, digest)).rejects.toThrow('is damaged');
});
