import { z } from 'zod';
import { callGraph, type GraphContext } from './graph-client.ts';

const name = z.string().trim().min(1).max(200).nullable().catch(null);

/**
 * Fetches the name of a person who wrote to a page or account. Each choice is a list of profile fields that are joined;
 * the first choice with a value is used. Meta requires a permission and does not return the name of everyone.
 *
 * @throws the errors of `callGraph`.
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
