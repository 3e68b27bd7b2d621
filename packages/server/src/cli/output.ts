/** Something the person at the terminal can put right. */
export class UsageError extends Error {}

/** Prints rows under a head, in columns. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** The first line of a text, for a cell. */
export function firstLine(text: string | null | undefined): string {
  return (text ?? '').split('\n')[0] ?? '';
}
