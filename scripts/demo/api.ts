/** Calls the API of a server. @throws Error with the response, unless it is a success. */
export async function call(
  url: string,
  method: string,
  path: string,
  { token, body }: { token?: string | undefined; body?: unknown } = {},
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route
): Promise<any> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const answer: any = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${answer.detail}`);
  return answer;
}
