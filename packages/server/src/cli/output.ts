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

/** A number and its noun, as in "1 app" and "2,000 apps". */
export function counted(number: number, noun: string): string {
  return `${new Intl.NumberFormat('en').format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Where the embedded database reports when a command uses it: warnings only. */
export const terminalLog = { info() {}, warn: (message: string) => console.error(message) };

/** The first line of a text, for a table cell. */
export function firstLine(text: string | null | undefined): string {
  return (text ?? '').split('\n')[0] ?? '';
}
