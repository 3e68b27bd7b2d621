/** An error that the user can fix: wrong arguments, no server running. */
export class UsageError extends Error {}

/** Prints a table with aligned columns. */
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

/** The first line of a text, for a table cell. */
export function firstLine(text: string | null | undefined): string {
  return (text ?? '').split('\n')[0] ?? '';
}
