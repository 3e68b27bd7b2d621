import { fileTypeFromBuffer } from 'file-type';

/** What a file is by its bytes, whatever it says of itself: a media type without parameters. */
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
    return false;
  }
}

const shown = ['image', 'audio', 'video'] as const;

/** How people look at a file of that type. */
export function attachmentTypeOf(contentType: string): 'image' | 'audio' | 'video' | 'file' {
  const family = contentType.split('/')[0];
  // A drawing in SVG is a program; it is only handed over, never shown.
  return contentType === 'image/svg+xml' ? 'file' : (shown.find((kind) => kind === family) ?? 'file');
}

/** Whether one of the patterns, such as `image/*` or `application/pdf`, means that type. */
export function isAllowed(contentType: string, patterns: readonly string[]): boolean {
  return patterns.some(
    (pattern) =>
      pattern === '*/*' ||
      pattern === contentType ||
      (pattern.endsWith('/*') && contentType.startsWith(pattern.slice(0, -1))),
  );
}
