import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, chooseAgent } from './assignment.ts';
import { isEligibleForSurvey, parseScore, type SurveyFacts, surveyContent, thanksContent } from './csat.ts';
import { formatPath, isValidSession, needsBump, nextExpiry, parsePath, type SessionPath } from './session.ts';

const agent = (agentId: number, change: Partial<Candidate> = {}): Candidate => ({
  agentId,
  availability: 'online',
  capacity: 5,
  assigned: 0,
  skills: [],
  lastAssignedAt: null,
  ...change,
});
const none = { skills: [] };

describe('the assigned agent', () => {
  const anyCandidates = fc.uniqueArray(
    fc.record({
      agentId: fc.integer({ min: 1, max: 50 }),
      availability: fc.constantFrom('online', 'away', 'offline'),
      capacity: fc.integer({ min: 1, max: 5 }),
      assigned: fc.integer({ min: 0, max: 6 }),
      skills: fc.uniqueArray(fc.constantFrom('billing', 'french', 'tech')),
      lastAssignedAt: fc.option(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
    }),
    { selector: ({ agentId }) => agentId },
  );
  const strategies = fc.constantFrom('manual', 'round_robin', 'least_busy', 'skill' as const);
  const skills = fc.uniqueArray(fc.constantFrom('billing', 'french', 'tech'));

  it('is online, below capacity and, with assignment by skill, has all required skills', () => {
    fc.assert(
      fc.property(strategies, anyCandidates, skills, (strategy, candidates, needed) => {
        const fits = (one: Candidate) =>
          one.availability === 'online' &&
          one.assigned < one.capacity &&
          (strategy !== 'skill' || needed.every((skill) => one.skills.includes(skill)));
        const chosen = chooseAgent(strategy as 'skill', candidates as Candidate[], { skills: needed });
        if (chosen === null) {
          expect(strategy === 'manual' || !(candidates as Candidate[]).some(fits)).toBe(true);
        } else {
          expect(fits(candidates.find(({ agentId }) => agentId === chosen) as Candidate)).toBe(true);
        }
      }),
    );
  });

  it('in round robin is the one whose last assignment is longest ago; agents without one come first', () => {
    const early = agent(1, { lastAssignedAt: '2026-01-01T10:00:00Z', assigned: 1 });
    const late = agent(2, { lastAssignedAt: '2026-01-01T11:00:00Z' });
    expect(chooseAgent('round_robin', [late, early], none)).toBe(1);
    expect(chooseAgent('round_robin', [late, early, agent(3)], none)).toBe(3);
  });

  it('is the least busy one, relative to capacity', () => {
    const [busy, free] = [agent(1, { assigned: 2, capacity: 3 }), agent(2, { assigned: 3, capacity: 10 })];
    expect(chooseAgent('least_busy', [busy, free], none)).toBe(2);
  });

  it('in round robin leads to equal shares', () => {
    const agents = [1, 2, 3].map((id) => ({ ...agent(id, { capacity: 100 }) }));
    for (let turn = 0; turn < 30; turn++) {
      const chosen = chooseAgent('round_robin', agents, none);
      const index = agents.findIndex(({ agentId }) => agentId === chosen);
      const before = agents[index] as Candidate;
      agents[index] = {
        ...before,
        assigned: before.assigned + 1,
        lastAssignedAt: new Date(Date.UTC(2026, 0, 1, 0, turn)).toISOString(),
      };
    }
    expect(agents.map(({ assigned }) => assigned)).toEqual([10, 10, 10]);
  });
});

describe('a survey', () => {
  const facts: SurveyFacts = {
    enabled: true,
    hadAgentReply: true,
    closedBy: 'agent',
    disposition: 'resolved',
    lastSurveyAt: null,
    cooldownMinutes: 60,
    sessionValid: true,
    skipDispositions: ['spam'],
  };
  const now = new Date('2026-01-01T12:00:00Z');

  it('goes to customers whom an agent replied to', () => {
    expect(isEligibleForSurvey(facts, now)).toBe(true);
    for (const change of [
      { enabled: false },
      { hadAgentReply: false },
      { closedBy: 'timeout' as const },
      { disposition: 'spam' },
      { sessionValid: false },
      { lastSurveyAt: '2026-01-01T11:30:00Z' },
    ]) {
      expect([change, isEligibleForSurvey({ ...facts, ...change }, now)]).toEqual([change, false]);
    }
    expect(isEligibleForSurvey({ ...facts, lastSurveyAt: '2026-01-01T11:00:00Z' }, now)).toBe(true);
  });

  it.each([
    [{ text: '4' }, { score: 4 }],
    [{ text: ' 5 / 5 ' }, { score: 5 }],
    [{ text: '3 stars' }, { score: 3 }],
    [{ text: '⭐⭐' }, { score: 2 }],
    [{ text: '⭐️⭐️⭐️ fine' }, { score: 3, comment: 'fine' }],
    [{ text: '5 - great help' }, { score: 5, comment: 'great help' }],
    [{ payload: 'csat:4' }, { score: 4 }],
    [{ payload: 'csat:17:1' }, { score: 1 }],
    [{ text: '0' }, null],
    [{ text: '6' }, null],
    [{ text: '5 years ago' }, null],
    [{ text: '10' }, null],
    [{ text: '5 stars out of 10' }, null],
    [{ text: '5/10' }, null],
    [{ text: '4.5' }, null],
    [{ text: '3,5' }, null],
    [{ text: '2:30' }, null],
    [{ text: '1-10' }, null],
    [{ text: '5!' }, { score: 5 }],
    [{ text: '2, too slow' }, { score: 2, comment: 'too slow' }],
    [{ text: '4: one\ntwo' }, { score: 4, comment: 'one\ntwo' }],
    [{ text: '1 star' }, { score: 1 }],
    [{ text: '★★★☆☆' }, { score: 3 }],
    [{ text: '⭐⭐⭐⭐⭐⭐' }, null],
    [{ text: '☆☆☆☆☆' }, null],
    [{ text: '1', payload: 'csat:17:5' }, { score: 5 }],
    [{ payload: 'csat:17:0' }, null],
    [{ payload: 'csat:17:55' }, null],
    [{}, null],
    [{ text: 'hello' }, null],
    [{ payload: 'csat:9' }, null],
  ])('reads %o', (input, answer) => expect(parseScore(input)).toEqual(answer));

  it('cuts a comment to the maximum length', () => {
    expect(parseScore({ text: `5 - ${'x'.repeat(5_000)}` })?.comment).toHaveLength(2_000);
    expect(parseScore({ text: `5 - x${'😀'.repeat(2_000)}` })?.comment).toBe(`x${'😀'.repeat(999)}`);
  });

  it('offers a quick reply for each score, which is parsed as that score of that case', () => {
    const survey = surveyContent('How did we do?', 17);
    expect(survey.text).toBe('How did we do?');
    expect(survey.quickReplies?.map(parseScore)).toEqual([1, 2, 3, 4, 5].map((score) => ({ score })));
    expect(thanksContent('Thanks for the {{score}}, yes {{score}}', 4).text).toBe('Thanks for the 4, yes 4');
  });

  it('never parses a score outside of 1 to 5', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, payload) => {
        const answer = parseScore({ text, payload });
        if (answer) expect([1, 2, 3, 4, 5]).toContain(answer.score);
      }),
    );
  });
});

describe('a session', () => {
  it('has a path that survives formatting and parsing', () => {
    const path: fc.Arbitrary<SessionPath> = fc.oneof(
      fc.constantFrom({ kind: 'bot' as const }, { kind: 'csat' as const }),
      fc.record({ kind: fc.constant('queue' as const), queue: fc.string({ minLength: 1, maxLength: 32 }) }),
      fc.record({ kind: fc.constant('agent' as const), agentId: fc.integer({ min: 1 }) }),
    );
    fc.assert(fc.property(path, (one) => void expect(parsePath(formatPath(one))).toEqual(one)));
  });

  it('rejects an invalid path', () => {
    for (const text of ['', 'live', 'live/agent:0', 'live/agent:x', 'live/queue:', 'bot ']) {
      expect([text, parsePath(text)]).toEqual([text, undefined]);
    }
  });

  it('is valid while it is active and has not expired', () => {
    const now = new Date('2026-01-01T12:00:00Z');
    const expiresAt = nextExpiry(now, 1);
    expect(expiresAt).toBe('2026-01-01T12:01:00.000Z');
    expect(isValidSession({ status: 'active', expiresAt }, now)).toBe(true);
    expect(isValidSession({ status: 'active', expiresAt: now.toISOString() }, now)).toBe(false);
    expect(isValidSession({ status: 'ended', expiresAt }, now)).toBe(false);
    expect(needsBump(expiresAt, nextExpiry(now, 1.5))).toBe(false);
    expect(needsBump(expiresAt, nextExpiry(now, 3))).toBe(true);
  });
});
