import { type Topic, type TopicKind, topics } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { maySubscribe } from '../../packages/server/src/broadcast/access/access.ts';
import { facts, type Person, people } from '../support/gateway.ts';

const everyone = [...(Object.keys(people) as Person[]), 'stranger'] as const;
const staffOfApp1 = ['agent', 'supervisor', 'admin', 'backEnd'] as const;

/** Who may subscribe to what on a connection to app 1. No one else may. */
const expected: {
  [Kind in TopicKind]: readonly (readonly [Topic, readonly (Person | 'stranger')[]])[];
} = {
  messages: [[topics.messages, everyone]],
  queues: [[topics.queues, staffOfApp1]],
  sessions: [[topics.sessions, staffOfApp1]],
  opening: [[topics.opening, ['ann', 'bob', ...staffOfApp1]]],
  log: [[topics.log, ['supervisor', 'admin', 'backEnd']]],
  session: [
    [topics.session(1), ['ann', ...staffOfApp1]],
    [topics.session(2), ['bob', ...staffOfApp1]],
    // Topics of app 2, and topics without an owner, are closed to everyone in app 1; its back end may subscribe to the
    // latter.
    [topics.session(9), ['backEnd']],
    [topics.session(404), ['backEnd']],
  ],
  case: [
    [topics.case(1), ['ann', ...staffOfApp1]],
    [topics.case(9), ['backEnd']],
  ],
  user: [[topics.user(11), ['ann', ...staffOfApp1]]],
  'agent-type': [
    [topics.agentType('live'), staffOfApp1],
    [topics.agentType('bot'), staffOfApp1],
  ],
  agent: [
    [topics.agent(5), ['agent', 'supervisor', 'admin', 'backEnd']],
    [topics.agent(6), ['supervisor', 'admin', 'backEnd']],
  ],
  'app-queues': [
    [topics.appQueues(1), staffOfApp1],
    [topics.appQueues(2), ['backEnd']],
  ],
};

describe('who may subscribe to what', () => {
  for (const [topic, those] of Object.values(expected).flat()) {
    it(`${topic}: ${those.join(', ')}`, async () => {
      const allowed: string[] = [];
      for (const person of everyone) {
        const who = person === 'stranger' ? undefined : people[person];
        if (await maySubscribe({ topic, appId: 1, who, facts })) allowed.push(person);
      }
      expect(allowed.sort()).toEqual([...those].sort());
    });
  }

  it('leaves names that are not ours to the back end', async () => {
    for (const topic of [
      'session',
      'session01',
      'session1x',
      'Session1',
      'encrypted-session1',
      'agentghost',
    ]) {
      expect(await maySubscribe({ topic, appId: 1, who: people.admin, facts })).toBe(false);
      expect(await maySubscribe({ topic, appId: 1, who: people.backEnd, facts })).toBe(true);
    }
  });
});
