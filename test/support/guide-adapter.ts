import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ChannelAdapter } from '../../packages/server/src/channels/channel.ts';

const channels = fileURLToPath(new URL('../../packages/server/src/channels/', import.meta.url));
const guide = new URL('../../docs/guides/channel-adapter.md', import.meta.url);

/** The example of the guide "Write a channel adapter", written to a file and loaded. */
export interface GuideAdapter {
  readonly adapter: ChannelAdapter;
  /** The file's path, and its folder. */
  readonly file: string;
  readonly folder: string;
  remove(): void;
}

/** Writes the example to a temporary file, with imports as if it were in a folder beside the other kinds. */
export async function loadGuideAdapter(): Promise<GuideAdapter> {
  const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(guide, 'utf8')) ?? [];
  const folder = fileURLToPath(new URL(`../contracts/.tmp/guide-${randomUUID()}/`, import.meta.url));
  const file = `${folder}textline-channel.ts`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code.replaceAll("'../../", `'${channels}../`).replaceAll("'../", `'${channels}`));
  const { textlineChannel } = (await import(pathToFileURL(file).href)) as { textlineChannel: ChannelAdapter };
  return {
    adapter: textlineChannel,
    file,
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
