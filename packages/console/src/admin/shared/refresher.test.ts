import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { Refresher } from './refresher.ts';

/** A query that depends on activity, whose answers are given by hand. */
function heldQuery() {
  const queries = new QueryClient();
  const answers: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(queries, {
    queryKey: ['overview'],
    meta: { live: ['activity'] },
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  return { queries, answers, observer };
}

it('asks again only after the server has answered, and then for what has changed meanwhile', async () => {
  const { queries, answers, observer } = heldQuery();
  const stop = observer.subscribe(() => {});
  const shown = () => observer.getCurrentResult().data;
  answers[0]?.('first');
  await expect.poll(shown).toBe('first');

  const refresher = new Refresher(queries);
  refresher.refresh('activity');
  await expect.poll(() => answers.length).toBe(2);
  for (let notice = 0; notice < 3; notice++) refresher.refresh('activity');
  // What depends on something else is not loaded at all.
  refresher.refresh('health');
  await Promise.resolve();
  expect(answers).toHaveLength(2);

  answers[1]?.('read before the notices');
  await expect.poll(() => answers.length).toBe(3);
  answers[2]?.('last');
  await expect.poll(shown).toBe('last');
  expect(answers).toHaveLength(3);

  refresher.refresh('activity');
  await expect.poll(() => answers.length).toBe(4);
  stop();
  queries.clear();
});

it('asks once more if a screen was already loading when the change was reported', async () => {
  const { queries, answers, observer } = heldQuery();
  const stop = observer.subscribe(() => {});
  new Refresher(queries).refresh('activity');
  expect(answers).toHaveLength(1);
  answers[0]?.('read before the change');
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.('after it');
  await expect.poll(() => observer.getCurrentResult().data).toBe('after it');
  stop();
  queries.clear();
});

it('waits for nothing that a screen was loading when it was left', async () => {
  const { queries, answers, observer } = heldQuery();
  observer.subscribe(() => {})();
  new Refresher(queries).refresh('activity');
  // This process is still free to do something else.
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(answers).toHaveLength(1);
  queries.clear();
});
