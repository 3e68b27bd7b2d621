/**
 * Splits a text into pieces of at most `maxLength` characters: at the end of a line or word if possible, and never
 * inside a surrogate pair. A blank text has no pieces.
 */
export function splitText(text: string, maxLength: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > maxLength) {
    const at = cutAt(rest, maxLength);
    pieces.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

function cutAt(text: string, maxLength: number): number {
  const head = text.slice(0, maxLength + 1);
  const line = head.lastIndexOf('\n');
  // Splitting after a very short line would produce nearly empty messages.
  if (line > maxLength / 2) return line;
  const word = head.search(/\s\S*$/);
  if (word > 0) return word;
  // Do not split a surrogate pair, such as an emoji.
  return /[\uD800-\uDBFF]/.test(text.charAt(maxLength - 1)) ? maxLength - 1 : maxLength;
}
