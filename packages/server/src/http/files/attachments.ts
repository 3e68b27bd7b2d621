import { attachmentSchema, binaryResponse, ProblemError, uploadQuery } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import parseRange from 'range-parser';
import { z } from 'zod';
import type { FileAddresses } from '../../attachments/file-address.ts';
import { attachmentTypeOf } from '../../attachments/file-type.ts';
import type { OpenedFile } from '../../attachments/files.ts';
import { uploaderOf } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Uploading files for messages. The content type is detected from the bytes. */
export function uploadRoutes({ files }: HttpDeps): RoutePlugin {
  return (api) => {
    api.removeAllContentTypeParsers();
    api.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: files.maxBytes }, (_request, body, done) =>
      done(null, body),
    );
    api.post(
      '/v1/attachments',
      {
        bodyLimit: files.maxBytes,
        config: { access: ['customer', 'agent', 'supervisor', 'admin', 'service'] as const, addsLoad: true },
        schema: {
          tags: ['conversation'],
          summary: 'Upload a file for a message',
          description:
            'The body is the file itself. Use the returned `fileId` in the attachments of a message within a day.',
          querystring: uploadQuery,
          response: { 201: attachmentSchema },
        },
      },
      async (request, reply) => {
        const file = await files.storeUpload({
          appId: uploadAppOf(request, request.query.appId),
          by: uploaderOf(request),
          name: request.query.name,
          bytes: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        });
        return reply.code(201).send(file);
      },
    );
  };
}

function uploadAppOf(request: FastifyRequest, requested: number | undefined): number {
  const { principal } = request;
  if (principal && 'appId' in principal) return principal.appId;
  if (requested === undefined) {
    throw new ProblemError('invalid_input', 'Set `appId` to the app that the file is for.', {
      fields: [{ path: 'appId', message: 'is required' }],
    });
  }
  assertAppAccess(request, requested);
  return requested;
}

const params = z.strictObject({ id: z.uuid(), name: z.string().max(500) });
const query = z.strictObject({
  expires: z.coerce.number().int().positive(),
  signature: z.string().max(100),
});
/** Uploaded files must never run scripts in a page of ours. */
const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/** Serves files through signed links. */
export function fileRoutes({ files, fileAddresses }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/files/:id/:name',
      {
        config: { access: 'public' },
        schema: {
          hide: true,
          params,
          querystring: query,
          response: { 200: binaryResponse, 206: binaryResponse },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        assertSigned(fileAddresses, { id, ...request.query });
        const file = await files.open(id);
        const { status, range } = rangeOf(file, request.headers.range);
        const stream = await file?.read(range);
        if (!file || !stream) throw new ProblemError('not_found', 'File not found.');
        const length = range ? range.end - range.start + 1 : file.sizeBytes;
        if (range) reply.header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`);
        return reply
          .code(status)
          .headers({
            'content-type': servedType(file),
            'content-length': length,
            'content-disposition': dispositionOf(file),
            'accept-ranges': 'bytes',
            'cache-control': `private, max-age=${Math.max(0, request.query.expires - Math.floor(Date.now() / 1000))}`,
            'content-security-policy': policy,
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
          })
          .send(stream);
      },
    );
  };
}

/** RFC 6266: the name in Unicode, and in ASCII for clients that do not understand `filename*`. */
function dispositionOf({ name, contentType }: OpenedFile): string {
  const type = attachmentTypeOf(contentType) === 'file' ? 'attachment' : 'inline';
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** Text is served with a charset, because browsers guess one otherwise. */
function servedType({ contentType }: OpenedFile): string {
  return contentType.startsWith('text/') ? 'text/plain; charset=utf-8' : contentType;
}

function assertSigned(
  addresses: FileAddresses,
  link: { readonly id: string; readonly expires: number; readonly signature: string },
): void {
  const state = addresses.check(link);
  if (state === 'forged') throw new ProblemError('forbidden', 'The signature of this link is not valid.');
  if (state === 'expired') {
    throw new ProblemError(
      'link_expired',
      'This link has expired. Reload the conversation to get a new one.',
    );
  }
}

function rangeOf(
  file: OpenedFile | undefined,
  header: string | undefined,
): { readonly status: 200 | 206; readonly range: parseRange.Range | undefined } {
  if (!file || header === undefined) return { status: 200, range: undefined };
  const ranges = parseRange(file.sizeBytes, header);
  // For several ranges or an invalid header, the whole file is a correct response.
  const only = Array.isArray(ranges) && ranges.length === 1 ? ranges[0] : undefined;
  return only ? { status: 206, range: only } : { status: 200, range: undefined };
}
