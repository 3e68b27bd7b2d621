/** URL parameters as the router parses them: `5` is a number and `true` is a boolean. */
export type RawSearch = Readonly<Record<string, unknown>>;

/** The named parameters as text; missing and empty ones are left out. */
export function readTexts<Name extends string>(
  search: RawSearch,
  names: readonly Name[],
): { [Key in Name]?: string } {
  const texts: { [Key in Name]?: string } = {};
  for (const name of names) {
    const value = search[name];
    if (value !== undefined && value !== null && value !== '') texts[name] = String(value);
  }
  return texts;
}

/** The names in a comma-separated list. */
export function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((name) => name !== '');
}
