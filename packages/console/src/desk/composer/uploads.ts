import { token } from '../../session/session.ts';
import { type Attachment, MevrikError, randomKey } from '../../shared/sdk.ts';
import { createStore } from '../../shared/store.ts';
import { type FileLimits, fileRejection, kindOf } from './file-rejection.ts';

/** An attachment of a reply, from upload to sent. */
export interface FileUpload {
  readonly id: string;
  readonly sessionId: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** From 0 to 1. */
  readonly progress: number;
  /** Object URL of an image preview. */
  readonly previewUrl: string | null;
  readonly attachment?: Attachment;
  readonly error?: string;
}

/** Maximum attachments per message. */
const maxFiles = 10;

const store = createStore<readonly FileUpload[]>([]);
const requests = new Map<string, XMLHttpRequest>();

function patch(id: string, change: Partial<FileUpload>): void {
  store.set(store.get().map((one) => (one.id === id ? { ...one, ...change } : one)));
}

/** The attachments of unsent replies, by conversation. */
export const uploads = {
  useOf: (sessionId: number): readonly FileUpload[] =>
    store.use().filter((one) => one.sessionId === sessionId),
  /** Starts uploading files. @returns why some were rejected. */
  add(
    { sessionId, appId }: { readonly sessionId: number; readonly appId: number },
    files: readonly File[],
    limits: FileLimits,
  ): string | undefined {
    const count = store.get().filter((one) => one.sessionId === sessionId).length;
    const rejections = files.map((file) => fileRejection(file, limits));
    const accepted = files.filter((_file, at) => rejections[at] === undefined);
    for (const file of accepted.slice(0, maxFiles - count)) {
      const id = randomKey();
      const previewUrl = kindOf(file) === 'image' ? URL.createObjectURL(file) : null;
      const { name, size: sizeBytes } = file;
      store.set([...store.get(), { id, sessionId, name, sizeBytes, progress: 0, previewUrl }]);
      void upload(id, file, appId);
    }
    if (count + accepted.length > maxFiles) return `You can attach up to ${maxFiles} files.`;
    return [...new Set(rejections)].filter((one) => one !== undefined).join(' ') || undefined;
  },
  remove(id: string): void {
    requests.get(id)?.abort();
    requests.delete(id);
    const removed = store.get().find((one) => one.id === id);
    if (removed?.previewUrl) URL.revokeObjectURL(removed.previewUrl);
    store.set(store.get().filter((one) => one.id !== id));
  },
  /** Clears the attachments after sending. */
  clear(sessionId: number): void {
    for (const { id } of store.get().filter((one) => one.sessionId === sessionId)) uploads.remove(id);
  },
};

const uploadFailed = 'The upload failed. Remove the file and attach it again.';

async function upload(id: string, file: File, appId: number): Promise<void> {
  try {
    let answer = await post(id, file, appId, await token(false));
    if (answer.status === 401) answer = await post(id, file, appId, await token(true));
    const body: Attachment & { detail?: string } = JSON.parse(answer.text || '{}');
    if (answer.status !== 201) {
      throw new MevrikError(answer.status, 'rejected', body.detail ?? uploadFailed);
    }
    patch(id, { attachment: body, progress: 1 });
  } catch (error) {
    patch(id, { error: error instanceof MevrikError ? error.message : uploadFailed });
  } finally {
    requests.delete(id);
  }
}

/** Uploads by XMLHttpRequest: fetch reports no upload progress. */
function post(
  id: string,
  file: File,
  appId: number,
  bearer: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    requests.set(id, request);
    const query = new URLSearchParams({ name: file.name, appId: String(appId) });
    request.open('POST', `/v1/attachments?${query}`);
    request.setRequestHeader('authorization', `Bearer ${bearer}`);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) =>
      patch(id, { progress: total > 0 ? loaded / total : 0 });
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new MevrikError(0, 'unreachable', 'Could not reach the server.'));
    request.onabort = () => reject(new MevrikError(0, 'aborted', 'The upload was cancelled.'));
    request.send(file);
  });
}
