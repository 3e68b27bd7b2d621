import { LRUCache } from 'lru-cache';

/**
 * Caches answers for a short while and shares the question among those who ask at the same time, so that a burst asks
 * once. A failed question is not cached.
 *
 * @param milliseconds how long an answer is used
 * @param limit how many answers are kept; the least recently used one goes first
 */
export function rememberFor<Answer>(
  milliseconds: number,
  ask: (key: string) => Promise<Answer>,
  limit = 10_000,
): { get(key: string): Promise<Answer>; forget(): void } {
  const answers = new LRUCache<string, Promise<Answer>>({
    max: limit,
    ttl: milliseconds,
    perf: { now: () => Date.now() },
  });
  return {
    get(key) {
      const cached = answers.get(key);
      if (cached) return cached;
      const answer = ask(key);
      answers.set(key, answer);
      answer.catch(() => {
        // Unless it was asked again in the meantime.
        if (answers.peek(key) === answer) answers.delete(key);
      });
      return answer;
    },
    forget() {
      answers.clear();
    },
  };
}
