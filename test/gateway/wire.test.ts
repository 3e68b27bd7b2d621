import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import {
  closeBody,
  expectGone,
  frameBytes,
  handshakeRequest,
  opcodes,
  openRaw,
  RawSocket,
} from '../support/raw-socket.ts';

const { text, binary, continuation, close, ping, pong } = opcodes;
const maxMessageBytes = 100_000;

let server: TestGateway;
let neighbour: RawClient;
let sequence = 0;
const opened: RawSocket[] = [];

beforeAll(async () => {
  server = await startGateway({
    config: { maxMessageBytes, closeTimeoutMs: 300, maxMessagesPerSecond: 1e6 },
  });
  neighbour = server.raw();
  await neighbour.socketId();
  neighbour.subscribe('messages');
  await neighbour.next('pusher_internal:subscription_succeeded');
});
afterAll(() => server.stop());

/** Whatever one connection did, another one that was connected before still receives everything in order. */
afterEach(async () => {
  for (const client of opened.splice(0)) client.socket.destroy();
  sequence += 1;
  await publish({ sequence });
  expect((await neighbour.next('message_post')).data).toEqual({ sequence });
  expect(server.loggedErrors).toEqual([]);
});

const publish = (payload: Record<string, unknown>) =>
  server.gateway.publish([{ appId: 1, topic: 'messages', event: 'message_post', payload }]);

async function open(): Promise<RawSocket> {
  const client = await openRaw(server.port);
  opened.push(client);
  return client;
}

/**
 * A frame of the protocol that is answered with its event's name, so that the test sees what the server read.
 */
const said = (name: string | Buffer, more = '') =>
  Buffer.concat([Buffer.from('{"event":"'), Buffer.from(name), Buffer.from(`"${more}}`)]);

async function expectRead(client: RawSocket, name: string): Promise<void> {
  const { data } = await client.event('pusher:error');
  expect(data).toEqual({ code: null, message: `Unknown event: ${name}` });
}

/** The server closes the connection with this code when these bytes are sent, and closes the socket too. */
async function expectEnd(bytes: Buffer | readonly Buffer[], code: number): Promise<void> {
  const client = await open();
  client.write(...(Buffer.isBuffer(bytes) ? [bytes] : bytes));
  expect(await client.closeCode()).toBe(code);
  await client.ended;
}

/** A text of exactly this length. */
function textOf(length: number, name = 'x'): Buffer {
  const empty = said(name, ',"data":""').length;
  return said(name, `,"data":"${'.'.repeat(length - empty)}"`);
}

describe('a frame of the server', () => {
  it('is whole, not masked, and without reserved bits', async () => {
    const client = await open();
    client.say('pusher:ping').write(frameBytes(ping, 'x'));
    // Either response may come first.
    for (let at = 0; at < 2; at += 1) await client.next();
    for (const frame of client.frames) expect(frame).toMatchObject({ fin: true, reserved: 0, masked: false });
  });
});

describe('a text frame', () => {
  it.each([125, 126, 127, 128, 65_535, 65_536, maxMessageBytes])('of %i bytes is read', async (length) => {
    const client = await open();
    client.write(frameBytes(text, textOf(length)));
    await expectRead(client, 'x');
    await client.writeSlowly(frameBytes(text, said('slow')));
    await expectRead(client, 'slow');
  });

  it.each([0, 2, 8] as const)('with a length in %i further bytes is read', async (lengthBytes) => {
    const client = await open();
    client.write(frameBytes(text, said('form'), { lengthBytes }));
    await expectRead(client, 'form');
  });

  it('that is empty is answered with an error', async () => {
    const client = await open();
    client.write(frameBytes(text));
    expect((await client.event('pusher:error')).data).toMatchObject({ code: null });
  });

  it('follows the handshake in the same packet', async () => {
    const client = new RawSocket(server.port);
    opened.push(client);
    client.write(Buffer.concat([Buffer.from(handshakeRequest()), frameBytes(text, said('eager'))]));
    await expectRead(client, 'eager');
  });

  it.each([
    ['one byte too many', BigInt(maxMessageBytes + 1)],
    ['4 GiB', 2n ** 32n],
    ['the largest integer of a double', 2n ** 53n],
    ['the sign bit', 2n ** 63n],
    ['all bits', 2n ** 64n - 1n],
  ])('that announces %s is rejected by its header alone', async (_what, claimed) => {
    await expectEnd(frameBytes(text, '', { claimed }), 1009);
  });
});

describe('an invalid frame', () => {
  it.each(Object.entries(opcodes))('%s without a mask', async (_name, opcode) => {
    await expectEnd(frameBytes(opcode, said('x'), { masked: false }), 1002);
  });

  const bits = [1, 2, 3, 4, 5, 6, 7];
  it.each(bits)('with reserved bits %i', async (reserved) => {
    for (const opcode of [text, binary, close, ping, pong]) {
      await expectEnd(frameBytes(opcode, '', { reserved }), 1002);
    }
  });

  it.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('with the reserved opcode %i', async (opcode) => {
    await expectEnd(frameBytes(opcode), 1002);
    await expectEnd(frameBytes(opcode, 'x'.repeat(200)), 1002);
  });

  it.each([close, ping, pong])('a control frame (%i) that is too long or fragmented', async (opcode) => {
    await expectEnd(frameBytes(opcode, Buffer.alloc(126)), 1002);
    await expectEnd(frameBytes(opcode, Buffer.alloc(125), { lengthBytes: 8, claimed: 70_000n }), 1002);
    await expectEnd(frameBytes(opcode, '', { fin: false }), 1002);
  });
});

describe('pings', () => {
  it.each([0, 1, 124, 125])('with %i bytes are answered with the same bytes', async (length) => {
    const client = await open();
    const payload = Buffer.alloc(length, 0xfe);
    client.write(frameBytes(ping, payload));
    expect(await client.next()).toMatchObject({ opcode: pong, payload });
    await client.writeSlowly(frameBytes(ping, payload));
    expect(await client.next()).toMatchObject({ opcode: pong, payload });
  });

  it('are all answered in order, and unsolicited pongs are ignored', async () => {
    const client = await open();
    client.write(frameBytes(pong, 'unasked'));
    for (let at = 0; at < 10; at += 1) client.write(frameBytes(ping, `${at}`));
    for (let at = 0; at < 10; at += 1) expect((await client.next())?.payload.toString()).toBe(`${at}`);
  });
});

describe('a fragmented text', () => {
  const [head, tail] = ['{"event":"in ', 'parts"}'];
  const first = frameBytes(text, head, { fin: false });
  const last = frameBytes(continuation, tail);

  it.each<[string, readonly Buffer[]]>([
    ['two', [first, last]],
    ['two and empty ones', [first, frameBytes(continuation, '', { fin: false }), last]],
    [
      'an empty one and the rest',
      [frameBytes(text, '', { fin: false }), frameBytes(continuation, head + tail)],
    ],
    ['the rest and an empty one', [frameBytes(text, head + tail, { fin: false }), frameBytes(continuation)]],
  ])('of %s is assembled', async (_what, parts) => {
    const client = await open();
    client.write(...parts);
    await expectRead(client, 'in parts');
    await client.writeSlowly(Buffer.concat(parts));
    await expectRead(client, 'in parts');
  });

  it('may be interleaved with pings and pongs', async () => {
    const client = await open();
    client.write(first, frameBytes(ping, 'between'), frameBytes(pong), last);
    expect(await client.next()).toMatchObject({ opcode: pong, payload: Buffer.from('between') });
    await expectRead(client, 'in parts');
  });

  it('is discarded on a close between its fragments', () =>
    expectEnd([first, frameBytes(close, closeBody(1000))], 1000));

  it.each<[string, readonly Buffer[]]>([
    ['a continuation without a first frame', [last]],
    [
      'a continuation without a first frame, not final',
      [frameBytes(continuation, 'x', { fin: false }), last],
    ],
    ['a continuation after the final frame', [first, last, last]],
    ['interrupted by another text', [first, frameBytes(text, said('x'))]],
    ['interrupted by another fragmented text', [first, first, last]],
    ['interrupted by a binary', [first, frameBytes(binary, 'x')]],
    ['with reserved bits in the middle', [first, frameBytes(continuation, tail, { reserved: 4 })]],
    ['with a fragmented ping in the middle', [first, frameBytes(ping, 'x', { fin: false }), last]],
  ])('%s closes the connection', (_what, parts) => expectEnd(parts, 1002));

  it('counts as a whole towards the size limit', async () => {
    const part = Buffer.alloc(maxMessageBytes / 2 + 1, 'x');
    await expectEnd([frameBytes(text, part, { fin: false }), frameBytes(continuation, part)], 1009);
  });
});

describe('a binary message', () => {
  it('is answered with an error, whatever its bytes', async () => {
    const client = await open();
    client.write(frameBytes(binary, Buffer.from([0xff, 0xfe])));
    await client.event('pusher:error');
    client.write(frameBytes(binary, '{"event":', { fin: false }), frameBytes(continuation, '"pusher:ping"}'));
    await client.event('pusher:error');
    client.write(frameBytes(text, said('after')));
    await expectRead(client, 'after');
  });
});

describe('UTF-8', () => {
  it.each([
    ['the lowest and highest character of each length', '\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}'],
    ['around the surrogates', '\ud7ff\ue000\ufffd'],
    ['non-characters', '\ufdd0\ufffe\uffff\u{1fffe}\u{10fffe}'],
    ['plain words', 'κόσμε Grüße 😀'],
  ])('is accepted: %s, wherever it is split', async (_what, name) => {
    const client = await open();
    const bytes = said(name);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      client.write(frameBytes(text, bytes.subarray(0, cut), { fin: false }));
      client.write(frameBytes(continuation, bytes.subarray(cut)));
      await expectRead(client, name);
    }
  });

  it.each([
    ['a lone continuation byte', '80'],
    ['the last continuation byte', 'bf'],
    ['six continuation bytes', '80bf80bf80bf'],
    ['a lone first byte of two', 'c3'],
    ['a first byte of two without its continuation', 'c328'],
    ['a lone first byte of three', 'e282'],
    ['a lone first byte of four', 'f09f98'],
    ['bytes that never occur', 'fefeffff'],
    ['an overlong slash in two bytes', 'c0af'],
    ['an overlong slash in three', 'e080af'],
    ['an overlong slash in four', 'f08080af'],
    ['an overlong zero in two bytes', 'c080'],
    ['the highest overlong of two bytes', 'c1bf'],
    ['the highest overlong of three bytes', 'e09fbf'],
    ['the highest overlong of four bytes', 'f08fbfbf'],
    ['the first surrogate', 'eda080'],
    ['the last surrogate', 'edbfbf'],
    ['a pair of surrogates', 'eda080edb080'],
    ['beyond the last character', 'f4908080'],
    ['a five-byte sequence', 'f888808080'],
    ['a six-byte sequence', 'fc8480808080'],
    ['something invalid after something valid', 'cebaf4908080656469746564'],
  ])('is rejected: %s, wherever it is split', async (_what, hex) => {
    const bytes = said(Buffer.from(hex, 'hex'));
    await expectEnd(frameBytes(text, bytes), 1007);
    // Once long enough for the fast path, and once at an offset where it starts late.
    await expectEnd(frameBytes(text, Buffer.concat([bytes, Buffer.alloc(4_096, ' ')])), 1007);
    const begin = bytes.indexOf(Buffer.from(hex, 'hex'));
    for (let cut = begin; cut <= begin + hex.length / 2; cut += 1) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
      await expectEnd([frameBytes(text, parts[0], { fin: false }), frameBytes(continuation, parts[1])], 1007);
    }
  });
});

describe('a close', () => {
  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'with %i is answered with the same code',
    (code) => expectEnd(frameBytes(close, closeBody(code, 'bye')), code),
  );

  it.each([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    'with %i is a protocol error',
    (code) => expectEnd(frameBytes(close, closeBody(code)), 1002),
  );

  it.each<[string, Buffer, number]>([
    ['without a code is answered without one', Buffer.alloc(0), 1005],
    ['with half a code is a protocol error', Buffer.from([3]), 1002],
    ['may have a reason of the maximum length', closeBody(1000, 'x'.repeat(123)), 1000],
    ['must have its reason in UTF-8', closeBody(1000, Buffer.from('cebaf4908080', 'hex')), 1007],
    ['must not split a character of its reason', closeBody(1000, Buffer.from([0xe2, 0x82])), 1007],
  ])('%s', (_what, body, code) => expectEnd(frameBytes(close, body), code));

  it('is the last frame that is processed', async () => {
    const client = await open();
    client.write(Buffer.concat([frameBytes(close, closeBody(1000)), frameBytes(text, said('late'))]));
    expect(await client.closeCode()).toBe(1000);
    await client.ended;
    expect(client.frames.filter(({ opcode }) => opcode === text)).toHaveLength(1);
  });

  it('is the last frame that is sent, however much was queued before it', async () => {
    // A long timeout: on a slow machine the queued data takes time to arrive.
    const patient = await startGateway({ config: { closeTimeoutMs: 60_000 } });
    onTestFinished(() => patient.stop());
    const client = await openRaw(patient.port);
    opened.push(client);
    client.say('pusher:subscribe', { data: { channel: 'flood' } });
    await client.event('pusher_internal:subscription_succeeded');
    client.socket.pause();
    const payload = { text: 'x'.repeat(20_000) };
    const flood = () =>
      patient.gateway.publish([{ appId: 1, topic: 'flood', event: 'message_post', payload }]);
    const waits = () => patient.gateway.inspection.state()[0]?.maxBufferedBytes ?? 0;
    while (waits() < 200_000) {
      await flood();
      // The flood is sent at the end of the event-loop turn.
      await new Promise((turn) => setImmediate(turn));
    }
    client.write(frameBytes(close, closeBody(1000)));
    for (let at = 0; at < 20; at += 1) {
      await flood();
      await new Promise((turn) => setImmediate(turn));
    }
    client.socket.resume();
    await client.ended;
    const kinds = client.frames.map(({ opcode }) => opcode);
    expect(kinds.indexOf(close)).toBe(kinds.length - 1);
  });

  it.each<[string, () => Buffer, number]>([
    ['that the client does not complete', () => frameBytes(close, closeBody(1000)), 1000],
    [
      'for a protocol error, by a client that stays connected',
      () => frameBytes(text, '', { masked: false }),
      1002,
    ],
  ])('%s is completed by the server', async (_what, bytes, code) => {
    const client = new RawSocket(server.port, { allowHalfOpen: true });
    opened.push(client);
    client.write(handshakeRequest());
    await client.event('pusher:connection_established');
    client.write(bytes());
    expect(await client.closeCode()).toBe(code);
    await client.ended;
    await expectGone(client);
    await expect.poll(() => server.gateway.inspect().connections).toBe(1);
  });
});
