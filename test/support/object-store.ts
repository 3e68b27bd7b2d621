import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { sign } from 'aws4';
import parseRange from 'range-parser';

/** A bucket with S3's protocol, which verifies every signature with an independent library. */
export interface ObjectStore {
  /** The product's settings for it. */
  readonly env: Record<string, string>;
  /** The content of the bucket, by name. */
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Rejects requests with this method from now on; `null`: none. */
  reject(method: string | null): void;
  /** How many it has rejected. */
  rejections(): number;
  stop(): Promise<void>;
}

const bucket = 'mevrik';
const region = 'eu-central-1';
const access = { accessKeyId: 'AKIDOFTESTS', secretAccessKey: 'the secret of the tests' };

/** Starts a store. */
export async function startObjectStore(): Promise<ObjectStore> {
  const objects = new Map<string, Buffer>();
  let rejected: string | null = null;
  let rejections = 0;
  const server = createServer((request, response) => {
    // A client that breaks off gets no response.
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(request);
    if (!isSigned(request)) return refuse(response, 403, 'SignatureDoesNotMatch');
    const [, bucketName, ...rest] = decodeURIComponent(request.url ?? '').split('/');
    if (request.method === rejected) {
      rejections += 1;
      return refuse(response, 403, 'AccessDenied');
    }
    if (bucketName !== bucket) return refuse(response, 404, 'NoSuchBucket');
    const name = rest.join('/');
    const known = objects.get(name);
    switch (request.method) {
      case 'PUT':
        objects.set(name, bytes);
        return void response.writeHead(200).end();
      case 'DELETE':
        objects.delete(name);
        return void response.writeHead(204).end();
      default:
        return known ? send(request, response, known) : refuse(response, 404, 'NoSuchKey');
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_REGION: region,
      S3_BUCKET: bucket,
      S3_ACCESS_KEY_ID: access.accessKeyId,
      S3_SECRET_ACCESS_KEY: access.secretAccessKey,
    },
    objects,
    reject(method) {
      rejected = method;
    },
    rejections: () => rejections,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Signs the request again and compares the signatures. */
function isSigned({ method, url, headers }: IncomingMessage): boolean {
  const said = headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(said)?.[1]?.split(';') ?? [];
  const signed = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
  if (!names.includes('host') || !names.includes('x-amz-date')) return false;
  const request = { service: 's3', region, method: method ?? '', path: url ?? '', headers: signed };
  return String(sign({ ...request, host: headers.host ?? '' }, access).headers?.Authorization) === said;
}

function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const ranges = request.headers.range ? parseRange(bytes.length, request.headers.range) : undefined;
  const only = Array.isArray(ranges) ? ranges[0] : undefined;
  if (only) response.writeHead(206).end(bytes.subarray(only.start, only.end + 1));
  else response.writeHead(200).end(bytes);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code></Error>`);
}
