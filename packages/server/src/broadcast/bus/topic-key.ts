/** The map key of an app's channel or topic. */
export function keyOf(appId: number, name: string): string {
  return `${appId} ${name}`;
}
