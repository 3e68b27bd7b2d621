import { fileSize } from '../../shared/file-size.ts';
import type { Attachment, ChannelCapabilities } from '../../shared/sdk.ts';

/** Which files a channel accepts. */
export interface FileLimits {
  readonly capabilities: ChannelCapabilities | null;
  /** Maximum file size in bytes. */
  readonly mostBytes: number;
}

const names: Record<Attachment['type'], string> = {
  image: 'images',
  audio: 'audio',
  video: 'videos',
  file: 'documents',
};

/** The attachment type of a file. */
export function kindOf({ type }: Pick<File, 'type'>): Attachment['type'] {
  const kind = type.split('/')[0];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

/** Why a file cannot be sent; `undefined` if it can. */
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
