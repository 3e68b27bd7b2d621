/** The options of a select, from a table of labels by value. */
export function optionsOf<Labels extends Readonly<Record<string, string>>>(labels: Labels) {
  const options: { value: Extract<keyof Labels, string>; label: string }[] = [];
  for (const value in labels) options.push({ value, label: labels[value] ?? '' });
  return options;
}

/** Whether a value is one of the keys of a table. */
export function isKeyOf<Table extends object>(table: Table, value: unknown): value is keyof Table {
  return typeof value === 'string' && Object.hasOwn(table, value);
}
