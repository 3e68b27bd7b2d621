import { attachmentSchema, ProblemError, uploadQuery } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import parseRange from 'range-parser';
import { z } from 'zod';
import type { FileAddresses } from '../attachments/file-address.ts';
import { kindOf } from '../attachments/file-type.ts';
import type { OpenedFile } from '../attachments/files.ts';
import { uploaderOf } from './access.ts';
import { assertOwnApp } from './desk/sessions.ts';
import type { HttpDeps, RoutePlugin } from './http-deps.ts';

/** Files come and go as they are: their types are found out by looking at them. */
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
            'The body is the file itself. Put the `fileId` of the answer into the attachments of a message within a day.',
          querystring: uploadQuery,
          response: { 201: attachmentSchema },
        },
      },
      async (request, reply) => {
        const { name } = request.query;
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const file = { appId: appOf(request, request.query.appId), by: uploaderOf(request), name, bytes };
        return reply.code(201).send(await files.keep(file));
      },
    );
  };
}

function appOf(request: FastifyRequest, asked: number | undefined): number {
  const { principal } = request;
  if (principal && 'appId' in principal) return principal.appId;
  if (asked === undefined) {
    throw new ProblemError('invalid_input', 'Set `appId` to the app that the file is for.', {
      fields: [{ path: 'appId', message: 'is required' }],
    });
  }
  assertOwnApp(request, asked);
  return asked;
}

const params = z.strictObject({ id: z.uuid(), name: z.string().max(500) });
const query = z.strictObject({
  expires: z.coerce.number().int().positive(),
  signature: z.string().max(100),
});
/** What runs in a page of ours must be ours: a file never is. */
const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/** Hands files out to whoever has an address that we have signed. */
export function fileRoutes({ files, fileAddresses }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/files/:id/:name',
      { config: { access: 'public' }, schema: { hide: true, params, querystring: query } },
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

/** RFC 6266: the name in every alphabet for those who know, in ASCII for those who do not. */
function dispositionOf({ name, contentType }: OpenedFile): string {
  const type = kindOf(contentType) === 'file' ? 'attachment' : 'inline';
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const whole = encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return `${type}; filename="${plain}"; filename*=UTF-8''${whole}`;
}

/** Texts are shown as what they are: a browser that is told nothing of their letters guesses. */
function servedType({ contentType }: OpenedFile): string {
  return contentType.startsWith('text/') ? 'text/plain; charset=utf-8' : contentType;
}

function assertSigned(
  addresses: FileAddresses,
  asked: { readonly id: string; readonly expires: number; readonly signature: string },
): void {
  const state = addresses.check(asked);
  if (state === 'forged') throw new ProblemError('forbidden', 'The signature of this link is not valid.');
  if (state === 'expired') {
    throw new ProblemError('link_expired', 'Reload the conversation to get a new link.');
  }
}

function rangeOf(file: OpenedFile | undefined, header: string | undefined) {
  if (!file || header === undefined) return { status: 200, range: undefined };
  const ranges = parseRange(file.sizeBytes, header);
  // Several at once, or nonsense: the whole is a correct answer to both.
  const only = Array.isArray(ranges) && ranges.length === 1 ? ranges[0] : undefined;
  return only ? { status: 206, range: only } : { status: 200, range: undefined };
}
