/**
 * Cuts a text into pieces of at most so many characters: where a line or a word ends if possible, and never inside a
 * character. A blank text has no pieces.
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
  // A line that ends very early would leave nearly empty messages.
  if (line > maxLength / 2) return line;
  const word = head.search(/\s\S*$/);
  if (word > 0) return word;
  // An emoji is two units: half of one is no text.
  return /[\uD800-\uDBFF]/.test(text.charAt(maxLength - 1)) ? maxLength - 1 : maxLength;
}

/** A text of at most so many characters; what was cut off is shown by an ellipsis. */
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).trimEnd()}…`;
}
