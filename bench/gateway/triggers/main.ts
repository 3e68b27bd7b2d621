// Publishes messages through Pusher's HTTP API, as a back end does.
import { createHash, createHmac } from 'node:crypto';
import { createConnection } from 'node:net';
import { benchApp } from '../bench-app.ts';
import { channelOf, type FromPublisher, nowUs, type Publishing, type ToPublisher } from '../messages.ts';
import { contents, pusherFrame, sampleChannel } from '../servers/publisher.ts';

/** Concurrent requests. */
const connections = 4;
const port = Number(process.argv[2]);
const contentOf = contents((content) => pusherFrame(sampleChannel, content));

let how: Publishing | undefined;
let fromUs = 0;
let published = 0;
let seen = 0;
const idle: (() => void)[] = [];
let timer: NodeJS.Timeout | undefined;

process.on('message', (message: ToPublisher) => {
  if (message.do === 'publish') {
    [how, fromUs, published, seen] = [message.how, nowUs(), 0, 0];
    timer = setInterval(wake, 1);
  } else if (message.do === 'seen') seen = message.messages;
  else if (message.do === 'stop') {
    how = undefined;
    clearInterval(timer);
    send({ is: 'stopped', published });
  }
});
process.on('disconnect', () => process.exit());
for (let n = 0; n < connections; n++) connect();
send({ is: 'listening', port });

/** One connection with one request at a time. It reconnects when the server closes it, as soketi does after each request. */
function connect(): void {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  const next = () => {
    const batch = how ? take(how) : undefined;
    if (batch) socket.write(request(batch));
    else idle.push(next);
  };
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN);
    const isWhole = Number.isNaN(length) ? text.endsWith('0\r\n\r\n') : text.length >= head + 4 + length;
    if (head < 0 || !isWhole) return;
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(text);
    const isLast = /connection: close/i.test(text);
    text = '';
    if (isLast) socket.end();
    else next();
  });
  socket.on('connect', next);
  socket.on('close', connect);
}

function wake(): void {
  for (const next of idle.splice(0)) next();
}

/** The next batch, if one is due. */
function take({ channels, burst, window, perSecond }: Publishing): object[] | undefined {
  const atUs = nowUs();
  const due = perSecond === undefined ? published + burst : ((atUs - fromUs) / 1e6) * perSecond;
  const count = Math.min(burst, Math.ceil(due - published));
  if (count <= 0 || (perSecond === undefined && window - (published - seen) < count)) return undefined;
  return Array.from({ length: count }, () => {
    const dueUs = perSecond === undefined ? atUs : fromUs + Math.round((published / perSecond) * 1e6);
    return {
      name: 'message_post',
      channel: channelOf(channels, published++),
      data: JSON.stringify(contentOf(dueUs)),
    };
  });
}

function request(batch: object[]): string {
  const body = JSON.stringify({ batch });
  const path = `/apps/${benchApp.id}/batch_events`;
  const md5 = createHash('md5').update(body).digest('hex');
  const seconds = Math.floor(Date.now() / 1000);
  const query = `auth_key=${benchApp.key}&auth_timestamp=${seconds}&auth_version=1.0&body_md5=${md5}`;
  const signature = createHmac('sha256', benchApp.secret).update(`POST\n${path}\n${query}`).digest('hex');
  return [
    `POST ${path}?${query}&auth_signature=${signature} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `\r\n${body}`,
  ].join('\r\n');
}

function send(message: FromPublisher): void {
  process.send?.(message);
}
