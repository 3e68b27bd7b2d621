import { fileTypeFromBuffer } from 'file-type';

/** Detects the media type of a file from its content, without parameters. */
export async function detectContentType(bytes: Uint8Array): Promise<string> {
  const known = await fileTypeFromBuffer(bytes);
  if (known) return known.mime;
  return isText(bytes) ? 'text/plain' : 'application/octet-stream';
}

function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    // Not valid UTF-8.
    return false;
  }
}

const shown = ['image', 'audio', 'video'] as const;

/** The attachment type of a media type. */
export function attachmentTypeOf(contentType: string): 'image' | 'audio' | 'video' | 'file' {
  const family = contentType.split('/')[0];
  // SVG can contain scripts, so it is only offered for download.
  return contentType === 'image/svg+xml' ? 'file' : (shown.find((kind) => kind === family) ?? 'file');
}

/** Whether one of the patterns, such as `image/*` or `application/pdf`, matches a media type. */
export function isAllowed(contentType: string, patterns: readonly string[]): boolean {
  return patterns.some(
    (pattern) =>
      pattern === '*/*' ||
      pattern === contentType ||
      (pattern.endsWith('/*') && contentType.startsWith(pattern.slice(0, -1))),
  );
}
