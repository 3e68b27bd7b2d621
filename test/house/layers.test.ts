import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { read, sources } from './source-files.ts';

const config = new URL('../../.dependency-cruiser.mjs', import.meta.url).href;
const { layers } = (await import(config)) as { layers: Record<string, readonly string[]> };
const server = 'packages/server/src/';

describe('the layers', () => {
  it('are all of them', () => {
    const folders = new Set(serverFiles().map(layerOf));
    expect(Object.keys(layers).sort()).toEqual([...folders].sort());
  });

  it('may import only what they do import', () => {
    const used = new Set(serverFiles().flatMap((file) => importsOf(file).map((to) => pairOf(file, to))));
    const allowed = Object.entries(layers).flatMap(([from, all]) => all.map((to) => `${from} -> ${to}`));
    expect(allowed.length).toBeGreaterThan(80);
    expect(allowed.filter((pair) => !used.has(pair))).toEqual([]);
  });
});

function serverFiles(): readonly string[] {
  return sources.filter((file) => file.startsWith(server));
}

/** The folder of a server's file below `src`, or the file itself if it is in none. */
function layerOf(file: string): string {
  return file.slice(server.length).split('/')[0] ?? '';
}

function pairOf(from: string, to: string): string {
  return `${layerOf(from)} -> ${layerOf(to)}`;
}

/** The files of the server that a file imports, types included. */
function importsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)]
    .map(([, target = '']) => join(dirname(file), target))
    .filter((target) => target.startsWith(server));
}
