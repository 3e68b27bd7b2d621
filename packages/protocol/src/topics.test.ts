import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelNamesOf, isSocketId, parsePusherChannel, userChannelName } from './frames.ts';
import { parseTopic, type Topic, type TopicRef, topics } from './topics.ts';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyTopic: fc.Arbitrary<TopicRef> = fc.oneof(
  fc.constantFrom<TopicRef>(
    { kind: 'messages' },
    { kind: 'queues' },
    { kind: 'sessions' },
    { kind: 'agent-type', agentType: 'bot' },
    { kind: 'agent-type', agentType: 'live' },
  ),
  fc.record({ kind: fc.constantFrom('session', 'user', 'case', 'agent'), id }),
  fc.record({ kind: fc.constant('app-queues'), appId: id }),
);

/** The name under which a client finds it. */
function nameOf(topic: TopicRef): Topic {
  switch (topic.kind) {
    case 'agent-type':
      return topics.agentType(topic.agentType);
    case 'app-queues':
      return topics.appQueues(topic.appId);
    case 'messages':
    case 'queues':
    case 'sessions':
      return topics[topic.kind];
    default:
      return topics[topic.kind](topic.id);
  }
}

describe('a topic', () => {
  it('is spelled as the specification spells it', () => {
    expect([
      topics.messages,
      topics.queues,
      topics.sessions,
      topics.session(12),
      topics.user(12),
      topics.case(12),
      topics.agent(12),
      topics.agentType('live'),
      topics.appQueues(12),
    ]).toEqual([
      'messages',
      'queues',
      'sessions',
      'session12',
      'user12',
      'case12',
      'agent12',
      'agentlive',
      'queues-app-12',
    ]);
  });

  it('is read as what it was written for', () => {
    fc.assert(fc.property(anyTopic, (topic) => void expect(parseTopic(nameOf(topic))).toEqual(topic)));
  });

  it('never has the name of another, be it of another app', () => {
    fc.assert(
      fc.property(anyTopic, anyTopic, (one, other) => {
        expect(nameOf(one) === nameOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('is a name that a Pusher client may subscribe to, openly, privately and with presence', () => {
    fc.assert(
      fc.property(anyTopic, (topic) => {
        const name = nameOf(topic);
        const [open, secret, together] = channelNamesOf(name).map(parsePusherChannel);
        expect(open).toMatchObject({ kind: 'public', topic: name });
        expect(secret).toMatchObject({ kind: 'private', topic: name });
        expect(together).toMatchObject({ kind: 'presence', topic: name });
      }),
    );
  });

  it.each([
    '',
    'session',
    'session0',
    'session-1',
    'session1.5',
    'session01',
    'session1 ',
    ' session1',
    'session1\n',
    'Session1',
    'session９',
    'session9007199254740993',
    'private-session1',
    'agentBot',
    'agentsomebody',
    'queues-app-',
    'queues-app-0',
    'messages1',
    '__proto__',
    'constructor',
  ])('is not called %j', (name) => expect(parseTopic(name)).toBeUndefined());

  it('has one spelling: whatever name is read is the name that is written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(session|user|case|agent|queues-app-)?[0-9a-z-]{0,18}$/), (name) => {
        const topic = parseTopic(name);
        if (topic) expect(nameOf(topic)).toBe(name);
      }),
    );
  });
});

describe('a channel’s name on the wire', () => {
  it('is taken apart, or refused, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 300 }),
          fc.stringMatching(/^(private-|presence-)*.*$/),
        ),
        (name) => {
          const channel = parsePusherChannel(name);
          if (!channel) return;
          expect(name.length).toBeLessThanOrEqual(200);
          expect(channel.name).toBe(name);
          expect(name.endsWith(channel.topic)).toBe(true);
        },
      ),
    );
  });

  it('tells channels that remember and channels that are sealed', () => {
    expect(parsePusherChannel('private-encrypted-cache-x')).toMatchObject({
      kind: 'private',
      isEncrypted: true,
      isCache: true,
    });
    expect(parsePusherChannel('cache-x')).toMatchObject({ isEncrypted: false, isCache: true });
    expect(parsePusherChannel('presence-encrypted-x')).toMatchObject({ isEncrypted: false });
  });

  it('is a user’s own only with a user in it', () => {
    expect(parsePusherChannel(userChannelName('agent-7'))).toMatchObject({ kind: 'user' });
    expect(parsePusherChannel(userChannelName(''))).toBeUndefined();
  });

  it.each(['private-', 'presence-', 'a b', 'a/b', '#other', 'é', 'x'.repeat(201)])('is not %j', (name) =>
    expect(parsePusherChannel(name)).toBeUndefined(),
  );
});

describe('a connection’s number', () => {
  it.each(['1.2', '123.456'])('may be %j', (text) => expect(isSocketId(text)).toBe(true));
  it.each(['', '1', '1.', '.2', '1.2.3', '1.2:private-x', '1.2\n', `1.${'2'.repeat(64)}`])(
    'is not %j',
    (text) => expect(isSocketId(text)).toBe(false),
  );
});
