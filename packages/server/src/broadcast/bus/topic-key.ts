/** An app's channel (or topic) as one text, for maps. */
export function keyOf(appId: number, name: string): string {
  return `${appId} ${name}`;
}
