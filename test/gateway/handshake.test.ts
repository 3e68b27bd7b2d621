import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { expectGone, handshakeRequest, RawSocket } from '../support/raw-socket.ts';

let server: TestGateway;
const opened: RawSocket[] = [];

beforeAll(async () => {
  server = await startGateway();
});
afterAll(() => server.stop());
afterEach(() => {
  for (const client of opened.splice(0)) client.socket.destroy();
  expect(server.loggedErrors).toEqual([]);
});

describe('a handshake', () => {
  it('is answered as RFC 6455 specifies', async () => {
    const client = new RawSocket(server.port);
    opened.push(client);
    client.write(handshakeRequest({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }));
    await client.answered();
    expect(client.status).toBe(101);
    expect(client.answer).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(client.answer).toMatch(/^upgrade: websocket$/im);
    expect(client.answer).toMatch(/^connection: upgrade$/im);
    expect(client.answer).not.toMatch(/extensions/i);
  });

  it('may be written in different ways', async () => {
    const client = new RawSocket(server.port);
    opened.push(client);
    const key = Buffer.alloc(16, 7).toString('base64');
    const request =
      `GET /app/acme?protocol=7 HTTP/1.1\r\nhOST:x\r\nUPGRADE:  WebSocket \r\nconnection: keep-alive, UPGRADE\r\n` +
      `sec-websocket-version:13\r\nsec-websocket-key:  ${key}\r\norigin: null\r\n\r\n`;
    await client.writeSlowly(Buffer.from(request));
    await client.answered();
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(client.answer).toContain(`Sec-WebSocket-Accept: ${accept}`);
  });

  type Headers = Parameters<typeof handshakeRequest>[0];
  type Line = Parameters<typeof handshakeRequest>[1];
  const key = Buffer.alloc(16).toString('base64');
  it.each<[string, Headers, Line, number]>([
    ['without a key', { 'Sec-WebSocket-Key': null }, {}, 400],
    ['with an empty key', { 'Sec-WebSocket-Key': '' }, {}, 400],
    ['with a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, {}, 400],
    ['with a key that is not base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }, {}, 400],
    ['with two keys', { 'Sec-WebSocket-Key': [key, key] }, {}, 400],
    ['without a version', { 'Sec-WebSocket-Version': null }, {}, 426],
    ['with version 7', { 'Sec-WebSocket-Version': '7' }, {}, 426],
    ['with version 8', { 'Sec-WebSocket-Version': '8' }, {}, 426],
    ['with version 14', { 'Sec-WebSocket-Version': '14' }, {}, 426],
    ['with version 13.0', { 'Sec-WebSocket-Version': '13.0' }, {}, 426],
    ['with a version that is not a number', { 'Sec-WebSocket-Version': 'x' }, {}, 426],
    ['with two versions', { 'Sec-WebSocket-Version': ['13', '13'] }, {}, 426],
    ['to another protocol', { Upgrade: 'h2c' }, {}, 400],
    ['to two protocols', { Upgrade: ['websocket', 'websocket'] }, {}, 400],
    ['without a Host header', { Host: null }, {}, 400],
    ['with two Host headers', { Host: ['one', 'two'] }, {}, 400],
    ['with an invalid subprotocol', { 'Sec-WebSocket-Protocol': 'a,,b' }, {}, 400],
    ['by POST', {}, { method: 'POST' }, 405],
    ['by PUT', {}, { method: 'PUT' }, 405],
    ['by HEAD', {}, { method: 'HEAD' }, 405],
    ['with a body', { 'Content-Length': '5' }, { body: 'hello' }, 400],
    ['with a chunked body', { 'Transfer-Encoding': 'chunked' }, { body: '0\r\n\r\n' }, 400],
    [
      'with both Content-Length and Transfer-Encoding',
      { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' },
      { body: 'x' },
      400,
    ],
    ['with two Content-Length headers', { 'Content-Length': ['5', '6'] }, { body: 'hello' }, 400],
    ['with headers that are too large', { Cookie: 'x'.repeat(20_000) }, {}, 431],
    ['with a line break in a header', { Cookie: 'a\nX: b' }, {}, 400],
    ['with a space before the colon', { 'Cookie ': 'a' }, {}, 400],
    ['with a zero byte', { Cookie: 'a\0b' }, {}, 400],
    ['for an unknown path', {}, { path: '/elsewhere' }, 404],
  ])('%s is rejected, and the connection closed', async (_what, headers, line, status) => {
    const client = new RawSocket(server.port, { allowHalfOpen: true });
    opened.push(client);
    client.write(handshakeRequest(headers, line));
    await client.answered();
    expect(client.status).toBe(status);
    await client.ended;
    await expectGone(client);
  });

  it('with an unsupported version names the supported one', async () => {
    const client = new RawSocket(server.port);
    opened.push(client);
    client.write(handshakeRequest({ 'Sec-WebSocket-Version': '12' }));
    await client.answered();
    expect(client.answer).toMatch(/^sec-websocket-version: 13$/im);
  });

  it('that the client abandons halfway leaves nothing behind', async () => {
    const before = server.gateway.inspect().connections;
    const request = handshakeRequest();
    for (const end of [10, request.length / 2, request.length - 1, request.length]) {
      const client = new RawSocket(server.port);
      opened.push(client);
      client.write(request.slice(0, end));
      client.socket.end();
      await client.ended;
    }
    await expect.poll(() => server.gateway.inspect().connections).toBe(before);
  });
});
