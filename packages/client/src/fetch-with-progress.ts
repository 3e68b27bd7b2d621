/** The parts of XMLHttpRequest that we use: the SDK also runs on Node, which has none. */
interface UploadRequest {
  readonly status: number;
  readonly responseText: string;
  readonly upload: {
    onprogress: ((progress: { loaded: number; total: number; lengthComputable: boolean }) => void) | null;
  };
  onloadend: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getAllResponseHeaders(): string;
  send(body: unknown): void;
  abort(): void;
}

/**
 * A fetch that reports how much of its body was sent, from 0 to 1. Only XMLHttpRequest can report that;
 * without it, this is the given fetch, which reports nothing.
 */
export function fetchWithProgress(plain: typeof fetch, onProgress: (progress: number) => void): typeof fetch {
  const { XMLHttpRequest: Request } = globalThis as { XMLHttpRequest?: new () => UploadRequest };
  if (!Request) return plain;
  return (url, { method = 'GET', headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const request = new Request();
      request.open(method, String(url));
      new Headers(headers).forEach((value, name) => {
        request.setRequestHeader(name, value);
      });
      request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
        if (lengthComputable && total > 0) onProgress(loaded / total);
      };
      const abort = () => request.abort();
      signal?.addEventListener('abort', abort, { once: true });
      request.onloadend = () => {
        signal?.removeEventListener('abort', abort);
        if (signal?.aborted) return reject(signal.reason);
        if (request.status === 0) return reject(new TypeError('The server could not be reached.'));
        const outcome = request.status === 204 ? null : request.responseText;
        resolve(new Response(outcome, { status: request.status, headers: headersOf(request) }));
      };
      request.send(body ?? null);
    });
}

function headersOf(request: UploadRequest): Headers {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) headers.append(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return headers;
}
