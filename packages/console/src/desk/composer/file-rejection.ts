import { fileSize } from '../../shared/file-size.ts';
import type { Attachment, ChannelCapabilities } from '../../shared/sdk.ts';

/** What a conversation takes of files. */
export interface FileLimits {
  readonly capabilities: ChannelCapabilities | null;
  /** No file is larger. */
  readonly mostBytes: number;
}

const names: Record<Attachment['type'], string> = {
  image: 'images',
  audio: 'audio',
  video: 'videos',
  file: 'documents',
};

/** What kind of file it is, as channels tell them apart. */
export function kindOf({ type }: Pick<File, 'type'>): Attachment['type'] {
  const kind = type.split('/')[0];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

/** Why a file cannot be sent; `undefined` where it can. */
export function fileRejection(
  file: Pick<File, 'name' | 'size' | 'type'>,
  { capabilities, mostBytes }: FileLimits,
): string | undefined {
  const { name, size } = file;
  const kinds = capabilities?.attachments ?? [];
  const kind = kindOf(file);
  if (kinds.length === 0) return 'This channel doesn’t support attachments.';
  if (!kinds.includes(kind)) {
    return `“${name}” can’t be sent. This channel doesn’t support ${names[kind]}, only ${listed(kinds)}.`;
  }
  if (size === 0) return `“${name}” is empty.`;
  if (size > mostBytes) {
    return `“${name}” is too large (${fileSize(size)}). The limit is ${fileSize(mostBytes)}.`;
  }
  return undefined;
}

function listed(kinds: readonly Attachment['type'][]): string {
  const words = kinds.map((kind) => names[kind]);
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
