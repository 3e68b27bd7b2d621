import { z } from 'zod';
import type { DescribedPost } from '../channel.ts';
import { callGraph, type GraphContext } from './graph-client.ts';

const text = z.string().min(1).max(10_000).nullable().catch(null);
const picture = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .nullable()
  .catch(null);

/**
 * Fetches the text and image of a post from the given fields; of several images, the first.
 *
 * @throws the errors of `callGraph`.
 */
export async function describePost(
  context: GraphContext,
  postId: string,
  fields: { readonly text: string; readonly pictures: readonly string[] },
): Promise<DescribedPost> {
  const names = [fields.text, ...fields.pictures].join(',');
  const { body } = await callGraph(context, 'GET', `${encodeURIComponent(postId)}?fields=${names}`);
  const pictures = fields.pictures.map((name) => picture.parse(body[name] ?? null));
  return {
    text: text.parse(body[fields.text] ?? null),
    imageUrl: pictures.find((url) => url !== null) ?? null,
  };
}
