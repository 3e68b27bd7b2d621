import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AwsClient } from 'aws4fetch';
import type { FileStore } from './file-store.ts';

/** A bucket of an S3-compatible store. */
export interface S3Location {
  /** Such as `https://s3.eu-central-1.amazonaws.com`; the bucket is the first segment of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The timeout of a request. */
const timeoutMs = 30_000;

/** Stores files in a bucket. */
export function createS3Store({ endpoint, bucket, ...access }: S3Location): FileStore {
  const client = new AwsClient({ ...access, service: 's3', retries: 3 });
  const base = `${endpoint.replace(/\/+$/, '')}/${bucket}`;

  async function ask(method: string, name: string, init: RequestInit = {}): Promise<Response> {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await client.fetch(`${base}/${name}`, { method, signal, ...init });
    if (response.ok || response.status === 404) return response;
    await response.body?.cancel();
    throw new Error(`The S3 store responded to ${method} with ${response.status}.`);
  }

  return {
    async put(name, bytes) {
      const response = await ask('PUT', name, { body: Buffer.from(bytes) });
      await response.body?.cancel();
      if (response.status === 404) throw new Error(`The S3 store has no bucket ${bucket}.`);
    },
    async read(name, range) {
      const headers = range ? { headers: { range: `bytes=${range.start}-${range.end}` } } : {};
      const response = await ask('GET', name, headers);
      if (response.status === 404 || !response.body) {
        await response.body?.cancel();
        return undefined;
      }
      return Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
    },
    async remove(name) {
      const response = await ask('DELETE', name);
      await response.body?.cancel();
    },
  };
}
