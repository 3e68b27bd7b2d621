import { describe, expect, it } from 'vitest';
import { channelNamesOf, isSocketId, parsePusherChannel, userChannelName } from './frames.ts';
import { parseTopic, type Topic, type TopicRef, topics } from './topics.ts';

const ids = [1, 2, 10, 11, 12, 21, 112, 2_147_483_648, Number.MAX_SAFE_INTEGER];
/** Topics of every kind, whose numbers look alike. */
const everyTopic: readonly TopicRef[] = [
  { kind: 'messages' },
  { kind: 'queues' },
  { kind: 'sessions' },
  { kind: 'opening' },
  { kind: 'log' },
  { kind: 'agent-type', agentType: 'bot' },
  { kind: 'agent-type', agentType: 'live' },
  ...ids.flatMap((id): TopicRef[] => [
    { kind: 'session', id },
    { kind: 'user', id },
    { kind: 'case', id },
    { kind: 'agent', id },
    { kind: 'app-queues', appId: id },
  ]),
];

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
    case 'opening':
    case 'log':
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
      topics.opening,
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
      'opening',
      'session12',
      'user12',
      'case12',
      'agent12',
      'agentlive',
      'queues-app-12',
    ]);
  });

  it('is read as what it was written for', () => {
    expect(everyTopic.map((topic) => parseTopic(nameOf(topic)))).toEqual(everyTopic);
  });

  it('never has the name of another, be it of another app', () => {
    expect(new Set(everyTopic.map(nameOf)).size).toBe(everyTopic.length);
  });

  it('is a name that a Pusher client may subscribe to, openly, privately and with presence', () => {
    for (const topic of everyTopic.map(nameOf)) {
      expect(channelNamesOf(topic).map(parsePusherChannel)).toMatchObject([
        { kind: 'public', topic },
        { kind: 'private', topic },
        { kind: 'presence', topic },
      ]);
    }
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
});

describe('a channel’s name on the wire', () => {
  it('may be as long as 200 characters, of the few that Pusher allows', () => {
    expect(parsePusherChannel('x'.repeat(200))).toMatchObject({ kind: 'public' });
    expect(parsePusherChannel('private-A_z-0=@,.;')).toMatchObject({ topic: 'A_z-0=@,.;' });
  });

  it('is taken apart once: a prefix after a prefix is part of the topic', () => {
    expect(parsePusherChannel('private-presence-x')).toMatchObject({ kind: 'private', topic: 'presence-x' });
    expect(parsePusherChannel('privatex')).toMatchObject({ kind: 'public', topic: 'privatex' });
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

  it.each(['', 'private-', 'presence-', 'a b', 'a/b', 'a\n', '#other', 'é', 'x'.repeat(201)])(
    'is not %j',
    (name) => expect(parsePusherChannel(name)).toBeUndefined(),
  );
});

describe('a connection’s number', () => {
  it.each(['1.2', '123.456'])('may be %j', (text) => expect(isSocketId(text)).toBe(true));
  it.each(['', '1', '1.', '.2', '1.2.3', '1.2:private-x', '1.2\n', `1.${'2'.repeat(64)}`])(
    'is not %j',
    (text) => expect(isSocketId(text)).toBe(false),
  );
});
