/**
 * Remembers answers for a short while, and who is being asked right now, so that a burst asks once.
 * A failed question is not remembered.
 */
export function rememberFor<Answer>(
  milliseconds: number,
  ask: (key: string) => Promise<Answer>,
  limit = 10_000,
): { get(key: string): Promise<Answer>; forget(): void } {
  const answers = new Map<string, { readonly until: number; readonly answer: Promise<Answer> }>();
  return {
    get(key) {
      const known = answers.get(key);
      if (known && known.until > Date.now()) return known.answer;
      answers.delete(key);
      const oldest = answers.keys().next().value;
      if (answers.size >= limit && oldest !== undefined) answers.delete(oldest);
      const answer = ask(key);
      answers.set(key, { until: Date.now() + milliseconds, answer });
      answer.catch(() => answers.delete(key));
      return answer;
    },
    forget() {
      answers.clear();
    },
  };
}
