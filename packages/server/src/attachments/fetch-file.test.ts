import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FetchError, type FetchLimits, fetchFile, isPublic } from './fetch-file.ts';

const limits: FetchLimits = { maxBytes: 1_000, timeoutMs: 2_000, allowsPrivate: false };
const open = { ...limits, allowsPrivate: true };
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function provider(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A host name resolves to these addresses, one after another: a DNS rebinding attack. */
function namesAre(...addresses: string[]): { lookup: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    const address = addresses[Math.min(asked.length, addresses.length - 1)] ?? '';
    asked.push(hostname);
    if (options.all) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
  return { lookup, asked };
}

describe('a file at a provider', () => {
  it('is downloaded with the provider’s headers', async () => {
    const url = await provider((request, response) => response.end(request.headers.authorization));
    const bytes = await fetchFile(`${url}/a.txt`, { authorization: 'Bearer x' }, open);
    expect(bytes.toString()).toBe('Bearer x');
  });

  it.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://10.0.0.7/',
    'http://172.16.3.4/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::7f00:1]/',
    'http://[fec0::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[2001:0:7f00:1::]/',
    'http://[2002:7f00:1::]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
  ])('is not downloaded from the private address %s', async (url) => {
    await expect(fetchFile(url, {}, limits)).rejects.toThrow('private network');
  });

  it.each([
    'file:///etc/passwd',
    'ftp://example.com/a',
    'gopher://example.com',
    'javascript:alert(1)',
    'nonsense',
  ])('is not downloaded by %s', async (url) => {
    await expect(fetchFile(url, {}, limits)).rejects.toThrow('not an HTTP or HTTPS URL');
  });

  it('is not downloaded if any address of its host is private', async () => {
    const { lookup } = namesAre('192.168.0.9');
    await expect(fetchFile('http://files.example/', {}, { ...limits, lookup })).rejects.toThrow('private');
    const both: LookupFunction = (_name, _options, callback) =>
      callback(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await expect(fetchFile('http://files.example/', {}, { ...limits, lookup: both })).rejects.toThrow(
      'private',
    );
  });

  it('is downloaded from the address that was checked, even if the name resolves differently later', async () => {
    const { lookup, asked } = namesAre('127.0.0.1', '93.184.216.34');
    await expect(fetchFile('http://rebinding.example/', {}, { ...limits, lookup })).rejects.toThrow(
      'private',
    );
    expect(asked).toHaveLength(1);
  });

  it('is not downloaded after a redirect to a private address or in a loop', async () => {
    const inside = await provider((_request, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    await expect(fetchFile(inside, {}, open)).rejects.toThrow('not an HTTP or HTTPS URL');
    const circle = await provider((request, response) =>
      response.writeHead(302, { location: request.url ?? '/' }).end(),
    );
    await expect(fetchFile(circle, {}, open)).rejects.toThrow('redirected too often');
  });

  it('is not downloaded after a public provider redirects to a private address or name', async () => {
    let asked = 0;
    const inside = await provider((_request, response) => {
      asked++;
      response.end('secret');
    });
    const port = new URL(inside).port;
    // For this test 127.0.0.1 is the Internet, and 127.0.0.2 is ours.
    const outside = { ...limits, isOpen: (address: string) => address === '127.0.0.1' };
    for (const location of [
      `http://127.0.0.2:${port}/`,
      `http://[::ffff:127.0.0.2]:${port}/`,
      `http://inner.example:${port}/`,
    ]) {
      const url = await provider((_request, response) => response.writeHead(302, { location }).end());
      const { lookup } = namesAre('127.0.0.2');
      await expect(fetchFile(url, {}, { ...outside, lookup })).rejects.toThrow('private network');
    }
    expect(asked).toBe(0);
    expect((await fetchFile(inside, {}, outside)).toString()).toBe('secret');
  });

  it('is downloaded without the token after a redirect to another origin', async () => {
    const other = await provider((request, response) =>
      response.end(request.headers.authorization ?? 'nothing'),
    );
    const first = await provider((_request, response) => response.writeHead(302, { location: other }).end());
    expect((await fetchFile(first, { authorization: 'Bearer x' }, open)).toString()).toBe('nothing');
  });

  it('is not downloaded beyond the limit, whatever its Content-Length', async () => {
    const url = await provider((_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      for (let at = 0; at < 20; at++) response.write(Buffer.alloc(100));
      response.end();
    });
    await expect(fetchFile(url, {}, open)).rejects.toThrow('too large');
  });

  it('that times out or is incomplete is a temporary failure', async () => {
    const silent = await provider(() => {});
    const error = await fetchFile(silent, {}, { ...open, timeoutMs: 100 }).catch((error) => error);
    expect(error).toMatchObject({ name: 'FetchError', isTemporary: true });
    const half = await provider((_request, response) => {
      response.writeHead(200, { 'content-length': '500' });
      response.write('half');
      setImmediate(() => response.destroy());
    });
    expect(await fetchFile(half, {}, open).catch((error) => error)).toMatchObject({ isTemporary: true });
  });

  it.each([
    [404, false],
    [403, false],
    [429, true],
    [500, true],
    [503, true],
  ])('that is answered with %d is temporary: %s', async (status, isTemporary) => {
    const url = await provider((_request, response) => response.writeHead(status).end());
    const error = await fetchFile(url, {}, open).catch((error) => error);
    expect(error).toBeInstanceOf(FetchError);
    expect(error.isTemporary).toBe(isTemporary);
  });

  it('comes from a public address', () => {
    expect(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'].every(isPublic)).toBe(true);
    expect(isPublic('nonsense')).toBe(false);
  });
});
