import { channelOf, type FromPublisher, nowUs, type Publishing, type ToPublisher } from '../messages.ts';

/** What is measured: something that listens, and sends messages to all subscribers of a channel. */
export interface BenchServer {
  readonly port: number;
  /** Sends a message with this time stamp inside. */
  publish(channel: string, atUs: number): void;
}

/** Messages are as long as this in the WebSocket frame, its head not counted. */
export const frameBytes = 200;

/** What a message brings. */
export interface Content {
  readonly t: string;
  readonly text: string;
}

/** Makes messages with a time stamp, and so much more that their frames have `frameBytes`. */
export function contents(frameOf: (content: Content) => string): (atUs: number) => Content {
  const stamp = (atUs: number) => `@${String(atUs).padStart(16, '0')}`;
  const text = 'x'.repeat(frameBytes - Buffer.byteLength(frameOf({ t: stamp(0), text: '' })));
  return (atUs) => ({ t: stamp(atUs), text });
}

/** The frame of the Pusher protocol. */
export function pusherFrame(channel: string, content: Content): string {
  return JSON.stringify({ event: 'message_post', channel, data: JSON.stringify(content) });
}

/** A channel with a name as long as all have. */
export const sampleChannel = channelOf({ spread: 'fan', over: 1 }, 0);

/** Acts on what the benchmark says over IPC. */
export function serve(server: BenchServer): void {
  let stop: (() => number) | undefined;
  let onSeen: (messages: number) => void = () => {};
  const start = (how: Publishing) => {
    const publisher = how.perSecond === undefined ? flatOut(server, how) : paced(server, how, how.perSecond);
    stop = publisher.stop;
    onSeen = publisher.onSeen;
  };
  process.on('message', (message: ToPublisher) => {
    if (message.do === 'publish') start(message.how);
    else if (message.do === 'seen') onSeen(message.messages);
    else if (message.do === 'stop') tell({ is: 'stopped', published: stop?.() ?? 0 });
    else if (message.do === 'collect garbage') collectGarbage();
  });
  process.on('disconnect', () => process.exit());
  tell({ is: 'listening', port: server.port });
}

interface Publisher {
  onSeen(messages: number): void;
  /** How many were published. */
  stop(): number;
}

/** A burst in every turn of the event loop while fewer than `window` messages are on their way. */
function flatOut(server: BenchServer, { channels, burst, window }: Publishing): Publisher {
  let published = 0;
  let seen = 0;
  let isWaiting = false;
  let isStopped = false;
  const turn = () => {
    if (isStopped) return;
    if (window - (published - seen) < burst) {
      isWaiting = true;
      return;
    }
    const atUs = nowUs();
    for (let n = 0; n < burst; n++) server.publish(channelOf(channels, published++), atUs);
    setImmediate(turn);
  };
  setImmediate(turn);
  return {
    onSeen(messages) {
      seen = messages;
      if (!isWaiting) return;
      isWaiting = false;
      turn();
    },
    stop() {
      isStopped = true;
      return published;
    },
  };
}

/** At a rate, by a timer of a millisecond. A message's time stamp says when it was due, not when it was its turn. */
function paced(server: BenchServer, { channels }: Publishing, perSecond: number): Publisher {
  const fromUs = nowUs();
  let published = 0;
  const timer = setInterval(() => {
    const due = ((nowUs() - fromUs) / 1e6) * perSecond;
    while (published < due) {
      const dueUs = fromUs + Math.round((published / perSecond) * 1e6);
      server.publish(channelOf(channels, published++), dueUs);
    }
  }, 1);
  return {
    onSeen() {},
    stop() {
      clearInterval(timer);
      return published;
    },
  };
}

/** Twice: what the first round has finalised goes in the second. */
function collectGarbage(): void {
  globalThis.gc?.();
  setTimeout(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    tell({ is: 'collected', heapUsed, external });
  }, 200);
}

function tell(message: FromPublisher): void {
  process.send?.(message);
}
