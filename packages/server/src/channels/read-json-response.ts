/** No API that we call sends longer responses. */
const maxResponseBytes = 256 * 1024;

/**
 * Reads a provider's response as a JSON object. Anything else, such as the error page of a proxy, is read as `{}`.
 * Providers repeat a malformed token in their error messages, which end up in logs and on screens, so it is removed.
 */
export async function readJsonResponse(response: Response, token: string): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > maxResponseBytes) return {};
    parts.push(part);
  }
  try {
    const read: unknown = JSON.parse(Buffer.concat(parts).toString('utf8').replaceAll(token, '(the token)'));
    return typeof read === 'object' && read !== null ? { ...read } : {};
  } catch {
    // Not JSON, such as an error page of a proxy: the status decides.
    return {};
  }
}
