/** Longer answers are of no API that we call. */
const maxAnswerBytes = 256 * 1024;

/**
 * The JSON object that a provider answers with. What is not an object of JSON is an empty one: a proxy's error page
 * has nothing to tell. Providers repeat a malformed token in their errors, which go to logs and to people: not the
 * token.
 */
export async function readJsonResponse(response: Response, token: string): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > maxAnswerBytes) return {};
    parts.push(part);
  }
  try {
    const read: unknown = JSON.parse(Buffer.concat(parts).toString('utf8').replaceAll(token, '(the token)'));
    return typeof read === 'object' && read !== null ? { ...read } : {};
  } catch {
    return {};
  }
}
