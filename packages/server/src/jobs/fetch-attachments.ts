import { type Attachment, cutText, type Message, ProblemError, topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { FetchError, fetchFile } from '../attachments/fetch-file.ts';
import { claimFiles, fileIdsOf } from '../attachments/file-claims.ts';
import type { ChannelAdapter, SendContext } from '../channels/channel.ts';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import { notice } from '../live/notice.ts';
import { lockSession } from '../state/sessions.ts';
import { type Job, type JobDeps, job, timer } from './job.ts';

/** The timeout of one file, including redirects. */
const timeoutMs = 60_000;

/** Downloads and stores the files of a message, as providers keep them only for a few hours. */
export const fetchAttachments: Job = job({
  task: 'fetch-attachments',
  summary: 'Downloads the files of a customer’s message from the provider.',
  payload: z.object({ messageId: z.int(), giveUpAt: z.iso.datetime() }),
  async run({ messageId, giveUpAt }, deps) {
    const { database, apps, channels } = deps;
    const [row] = await database.orm.select().from(messages).where(eq(messages.id, messageId));
    const app = row && (await apps.byId(row.appId));
    const channel = row && app?.channels.get(row.channel);
    const adapter = channel && channels.adapterFor(channel.kind);
    if (!row || !channel || !adapter?.locate) return;
    const isLast = Date.parse(giveUpAt) <= Date.now();
    const origin = { appId: row.appId, channel: row.channel, adapter, settings: channel.settings };
    const fetched = new Map<string, Attachment>();
    let delayed: FetchError | undefined;
    for (const attachment of row.content.attachments ?? []) {
      if (!isAtProvider(attachment)) continue;
      try {
        fetched.set(attachment.url, await download(deps, origin, attachment));
      } catch (error) {
        const failure = failureOf(error, adapter);
        if (failure.isTemporary && !isLast) delayed = failure;
        else fetched.set(attachment.url, { ...attachment, problem: cutText(failure.message, 300) });
      }
    }
    if (fetched.size > 0) await saveAttachments(deps, messageId, fetched);
    if (delayed) throw delayed;
  },
});

/** Whether a file is still at the provider, and downloading it has not been given up. */
function isAtProvider({ fileId, problem }: Attachment): boolean {
  return fileId === undefined && problem === undefined;
}

interface FileOrigin {
  readonly appId: number;
  readonly channel: string;
  readonly adapter: ChannelAdapter;
  readonly settings: unknown;
}

async function download(
  { files, fetchesPrivate }: JobDeps,
  { appId, channel, adapter, settings }: FileOrigin,
  { url, name }: Attachment,
): Promise<Attachment> {
  const context: SendContext = { settings, files, signal: AbortSignal.timeout(timeoutMs) };
  const source = (await adapter.locate?.(url, context)) ?? { url };
  const limits = { maxBytes: files.maxBytes, timeoutMs, allowsPrivate: fetchesPrivate };
  const bytes = await fetchFile(source.url, source.headers ?? {}, limits);
  return files.storeForChannel({
    appId,
    by: `channel ${channel}`,
    name: name ?? fileNameOf(source.url),
    bytes,
  });
}

function fileNameOf(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    // Not percent-encoded: the name is used as it is.
    return last;
  }
}

function failureOf(error: unknown, { sender }: ChannelAdapter): FetchError {
  if (error instanceof FetchError) return error;
  if (error instanceof ProblemError) return new FetchError(error.detail, error.retryable);
  if (sender.delivers !== 'by-sending') throw error;
  const { kind, error: reason } = sender.classify(error);
  return new FetchError(reason, kind !== 'permanent');
}

async function saveAttachments(
  { unitOfWork, notify, files }: JobDeps,
  messageId: number,
  fetched: ReadonlyMap<string, Attachment>,
): Promise<void> {
  const message = await unitOfWork.run(async (tx): Promise<Message | undefined> => {
    const [known] = await tx.orm.select().from(messages).where(eq(messages.id, messageId));
    if (!known) return undefined;
    await lockSession(tx, known.sessionId);
    const [row] = await tx.orm.select().from(messages).where(eq(messages.id, messageId)).for('update');
    if (!row?.content.attachments) return undefined;
    const attachments = row.content.attachments.map((one) =>
      isAtProvider(one) ? (fetched.get(one.url) ?? one) : one,
    );
    const content = { ...row.content, attachments };
    if (!(await claimFiles(tx.sql, fileIdsOf(content))))
      throw new Error('A file was deleted before it was used.');
    await tx.orm.update(messages).set({ content }).where(eq(messages.id, messageId));
    return toMessage({ ...row, content });
  });
  if (!message) return;
  const payload = { message: { ...message, content: files.sign(message.content) } };
  for (const topic of [topics.session(message.sessionId), topics.agentType(message.agentType)]) {
    notify([notice('message_changed', message.appId, topic, payload)]);
  }
}

/** Deletes files that were uploaded and never sent, and those whose messages were deleted. */
export const sweepFiles: Job = timer({
  task: 'sweep-files',
  summary: 'Deletes files that no message has had for a day.',
  cron: '41 * * * *',
  async run({ files }) {
    await files.deleteUnused();
  },
});
