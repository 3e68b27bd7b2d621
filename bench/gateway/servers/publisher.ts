import { channelOf, type FromPublisher, nowUs, type Publishing, type ToPublisher } from '../messages.ts';

/** The server under test: it listens, and sends messages to all subscribers of a channel. */
export interface BenchServer {
  readonly port: number;
  /** Sends a message with this time stamp inside. */
  publish(channel: string, atUs: number): void;
}

/** The payload size of each WebSocket frame. */
export const frameBytes = 200;

/** The content of a message. */
export interface Content {
  readonly t: string;
  readonly text: string;
}

/** Creates contents with a time stamp, padded so that their frames have `frameBytes`. */
export function contents(frameOf: (content: Content) => string): (atUs: number) => Content {
  const stamp = (atUs: number) => `@${String(atUs).padStart(16, '0')}`;
  const text = 'x'.repeat(frameBytes - Buffer.byteLength(frameOf({ t: stamp(0), text: '' })));
  return (atUs) => ({ t: stamp(atUs), text });
}

/** The frame of the Pusher protocol. */
export function pusherFrame(channel: string, content: Content): string {
  return JSON.stringify({ event: 'message_post', channel, data: JSON.stringify(content) });
}

/** A channel whose name has the usual length. */
export const sampleChannel = channelOf({ spread: 'fan', over: 1 }, 0);

/** Executes the benchmark's commands, which arrive over IPC. */
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
    else if (message.do === 'stop') send({ is: 'stopped', published: stop?.() ?? 0 });
    else if (message.do === 'collect garbage') collectGarbage();
  });
  process.on('disconnect', () => process.exit());
  send({ is: 'listening', port: server.port });
}

interface Publisher {
  onSeen(messages: number): void;
  /** @returns the number of published messages. */
  stop(): number;
}

/** A burst in every tick of the event loop while fewer than `window` messages are in flight. */
function flatOut(server: BenchServer, { channels, burst, window }: Publishing): Publisher {
  let published = 0;
  let seen = 0;
  let isWaiting = false;
  let isStopped = false;
  const tick = () => {
    if (isStopped) return;
    if (window - (published - seen) < burst) {
      isWaiting = true;
      return;
    }
    const atUs = nowUs();
    for (let n = 0; n < burst; n++) server.publish(channelOf(channels, published++), atUs);
    setImmediate(tick);
  };
  setImmediate(tick);
  return {
    onSeen(messages) {
      seen = messages;
      if (!isWaiting) return;
      isWaiting = false;
      tick();
    },
    stop() {
      isStopped = true;
      return published;
    },
  };
}

/** At a fixed rate, on a one-millisecond timer. A message's time stamp is its due time, not the time it was sent. */
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

/** Collects twice: objects finalised by the first run are freed by the second. */
function collectGarbage(): void {
  globalThis.gc?.();
  setTimeout(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    send({ is: 'collected', heapUsed, external });
  }, 200);
}

function send(message: FromPublisher): void {
  process.send?.(message);
}
