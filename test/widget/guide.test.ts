import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { en } from '../../packages/widget/src/locales/en.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const guide = read('docs/guides/widget.md');
const source = (file: string) => read(`packages/widget/src/${file}`);

/** The first column of the guide's tables whose header starts with this word. */
function rowsOf(head: string): string[] {
  const table = guide.split(`| ${head} |`)[1]?.split('\n\n')[0] ?? '';
  return table
    .split('\n')
    .slice(2)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .sort();
}

describe('the guide to the chat widget', () => {
  it('has every attribute that the script reads, and no other', () => {
    const config = source('config.ts');
    const attributes = [...config.matchAll(/\bdata\.(\w+)/g)].map(
      ([, name = '']) => `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    );
    expect(rowsOf('attribute')).toEqual([...new Set(attributes)].sort());
  });

  it('has every call and every event, and no other', () => {
    const calls = /const calls = \[([^\]]+)\]/.exec(source('main.ts'))?.[1] ?? '';
    expect(rowsOf('call')).toEqual([...calls.matchAll(/'(\w+)'/g)].map(([, name = '']) => name).sort());
    const events = /interface WidgetEvents \{([^}]+)\}/.exec(source('widget-events.ts'))?.[1] ?? '';
    expect(rowsOf('event')).toEqual(
      [...events.matchAll(/readonly (\w+):/g)].map(([, name = '']) => name).sort(),
    );
  });

  it('lists all its optional parts', () => {
    const files = ['widget.ts', 'widget-elements.ts', 'composer.ts'].map(source).join('\n');
    const parts = new Set([...files.matchAll(/without\.has\('(\w+)'\)/g)].map(([, part = '']) => part));
    for (const part of parts) expect(guide).toMatch(new RegExp(`data-without.*\`${part}\``));
  });

  it("gives the script's size as it was built", () => {
    const { length } = readFileSync(new URL('../../packages/console/dist/widget.js.gz', import.meta.url));
    const said = Number(/The script is (\d+) KiB/.exec(guide)?.[1]);
    expect(Math.abs(said - length / 1024)).toBeLessThan(2);
  });
});

it('has no unused translations', () => {
  const folder = new URL('../../packages/widget/src/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const code = files.map(source).join('\n');
  const unsaid = Object.keys(en).filter((name) => !new RegExp(`words\\.${name}\\b`).test(code));
  expect(unsaid).toEqual([]);
});
