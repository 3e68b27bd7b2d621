/** Where a session is: with the bot, in a queue, with an agent, or in a survey. */
export type SessionPath =
  | { readonly kind: 'bot' }
  | { readonly kind: 'queue'; readonly queue: string }
  | { readonly kind: 'agent'; readonly agentId: number }
  | { readonly kind: 'csat' };

/** Formats a path for storage: `bot`, `live/queue:{name}`, `live/agent:{id}` or `csat`. */
export function formatPath(path: SessionPath): string {
  switch (path.kind) {
    case 'queue':
      return `live/queue:${path.queue}`;
    case 'agent':
      return `live/agent:${path.agentId}`;
    default:
      return path.kind;
  }
}

/** Parses a stored path; `undefined` if it is invalid. */
export function parsePath(text: string): SessionPath | undefined {
  if (text === 'bot' || text === 'csat') return { kind: text };
  const match = /^live\/(?:queue:(.{1,64})|agent:([1-9]\d{0,14}))$/su.exec(text);
  if (!match) return undefined;
  return match[1] === undefined
    ? { kind: 'agent', agentId: Number(match[2]) }
    : { kind: 'queue', queue: match[1] };
}

/** Whether a session still accepts messages. */
export function isValidSession(
  session: { readonly status: string; readonly expiresAt: string },
  now: Date,
): boolean {
  return session.status === 'active' && Date.parse(session.expiresAt) > now.getTime();
}

/** When a session with activity now expires, ISO 8601. */
export function nextExpiry(now: Date, idleMinutes: number): string {
  return new Date(now.getTime() + idleMinutes * 60_000).toISOString();
}

/** Smaller extensions are not worth a write. */
const bumpMs = 60_000;

/** Whether a new expiry is late enough to store. */
export function needsBump(expiresAt: string, next: string): boolean {
  return Date.parse(next) - Date.parse(expiresAt) > bumpMs;
}
