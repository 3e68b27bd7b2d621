// A process full of light clients, controlled over IPC.
import { type Counted, channelsOf, type FromClient, nowUs, type ToClient } from '../messages.ts';
import { type Crowd, LightSocket } from './light-socket.ts';

let crowd: Crowd | undefined;
const sockets: LightSocket[] = [];

process.on('message', (message: ToClient) => {
  if (message.do === 'connect') connect(message);
  else send({ is: 'counted', counted: count(message.forgetLatencies ?? false) });
});
process.on('disconnect', () => process.exit());
process.on('uncaughtException', (error) => send({ is: 'failed', why: String(error) }));
send({ is: 'ready' });

let reportedFrames = 0;
setInterval(() => {
  if (!crowd || crowd.frames === reportedFrames) return;
  reportedFrames = crowd.frames;
  send({ is: 'seen', frames: reportedFrames });
}, 4);

function connect(how: Extract<ToClient, { do: 'connect' }>): void {
  crowd ??= { port: how.port, dialect: how.dialect, frames: 0, lost: 0, latenciesUs: [] };
  const its = crowd;
  const fromUs = nowUs();
  let begun = 0;
  let ready = 0;
  const next = () => {
    if (begun === how.count) return;
    const number = how.from + how.step * begun++;
    const isSampled = how.sampleEvery > 0 && number % how.sampleEvery === 0;
    const socket = new LightSocket(its, channelsOf(how.plans, number), isSampled, () => {
      if (++ready === how.count) send({ is: 'connected', fromUs, toUs: nowUs() });
      else next();
    });
    sockets.push(socket);
  };
  for (let n = 0; n < how.inFlight; n++) next();
}

function count(forgetLatencies: boolean): Counted {
  const { user, system } = process.cpuUsage();
  const each = sockets.map(({ frames }) => frames);
  const latenciesUs = crowd?.latenciesUs.splice(0) ?? [];
  return {
    connections: sockets.length,
    frames: crowd?.frames ?? 0,
    fewest: each.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    most: each.reduce((a, b) => Math.max(a, b), 0),
    lost: crowd?.lost ?? 0,
    latenciesUs: forgetLatencies ? [] : latenciesUs,
    cpuUs: user + system,
    atUs: nowUs(),
  };
}

function send(message: FromClient): void {
  process.send?.(message);
}
