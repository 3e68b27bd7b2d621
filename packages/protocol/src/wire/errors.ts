/**
 * Every problem that the API returns: its HTTP status, its title, and whether retrying can help.
 * The codes are part of the API: a code is the last segment of the problem's `type`.
 */
export const problems = {
  bad_request: { status: 400, title: 'Malformed request', retryable: false },
  invalid_input: { status: 422, title: 'Invalid input', retryable: false },
  invalid_event_data: { status: 422, title: 'Invalid event data', retryable: false },
  unauthenticated: { status: 401, title: 'Authentication required', retryable: false },
  token_expired: { status: 401, title: 'Token expired', retryable: false },
  invalid_credentials: {
    status: 401,
    title: 'Wrong email or password',
    retryable: false,
  },
  invalid_signature: { status: 401, title: 'Missing or invalid signature', retryable: false },
  forbidden: { status: 403, title: "You don't have permission to do this", retryable: false },
  not_found: { status: 404, title: 'Not found', retryable: false },
  unknown_app: { status: 404, title: 'Unknown app', retryable: false },
  conflict: { status: 409, title: 'Conflict with the current state', retryable: false },
  already_taken: { status: 409, title: 'Already taken', retryable: false },
  idempotency_mismatch: {
    status: 409,
    title: 'Idempotency key already used for a different request',
    retryable: false,
  },
  session_ended: { status: 409, title: 'Session has ended', retryable: false },
  case_closed: { status: 409, title: 'Case is closed', retryable: false },
  survey_closed: { status: 409, title: 'Survey is closed', retryable: false },
  at_capacity: { status: 409, title: 'The agent is at capacity', retryable: true },
  setup_done: { status: 409, title: 'Setup is already complete', retryable: false },
  link_expired: { status: 410, title: 'This link has expired', retryable: false },
  position_expired: { status: 410, title: 'This position has expired', retryable: false },
  precondition_failed: { status: 412, title: 'This has changed since you loaded it', retryable: false },
  too_large: { status: 413, title: 'Request too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', retryable: false },
  file_type_not_allowed: { status: 415, title: 'File type not allowed', retryable: false },
  too_many_requests: { status: 429, title: 'Too many requests', retryable: true },
  internal: { status: 500, title: 'Internal server error', retryable: true },
  overloaded: { status: 503, title: 'The server is overloaded', retryable: true },
  unavailable: { status: 503, title: 'Service unavailable', retryable: true },
  storage_full: { status: 507, title: 'Insufficient storage', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

/** The code of a problem. */
export type ProblemCode = keyof typeof problems;

/** An error with a code of the table above; `detail` is written for the reader of the response. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly detail: string;
  /** The invalid fields, if any: `path` as in `message.text`. */
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(
    code: ProblemCode,
    detail: string,
    options: { cause?: unknown; fields?: readonly { path: string; message: string }[] } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.fields = options.fields ?? [];
  }

  get status(): number {
    return problems[this.code].status;
  }

  get retryable(): boolean {
    return problems[this.code].retryable;
  }
}
