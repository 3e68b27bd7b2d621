import { z } from 'zod';
import { callGraph, type GraphContext } from './graph-client.ts';

const name = z.string().trim().min(1).max(200).nullable().catch(null);

/**
 * What a person is called who writes to a page or an account: the first of these fields that says something, or several
 * of them together. Meta tells it only where the app may see profiles, and not of everybody.
 *
 * @throws what `callGraph` throws.
 */
export async function fetchProfileName(
  context: GraphContext,
  contactId: string,
  choices: readonly (readonly string[])[],
): Promise<string | null> {
  const fields = choices.flat().join(',');
  const { body } = await callGraph(context, 'GET', `${encodeURIComponent(contactId)}?fields=${fields}`);
  const names = choices.map((parts) => name.parse(parts.map((part) => body[part] ?? '').join(' ')));
  return names.find((found) => found !== null) ?? null;
}
