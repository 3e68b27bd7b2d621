/**
 * Every problem a caller can be told of: its HTTP status, its title, and whether trying again can help.
 * The codes are part of the API: they are the last segment of the problem's `type`.
 */
export const problems = {
  bad_request: { status: 400, title: 'The request could not be read', retryable: false },
  invalid_input: { status: 422, title: 'The request has values that are not valid', retryable: false },
  invalid_event_data: { status: 422, title: 'The data does not fit the event', retryable: false },
  unauthenticated: { status: 401, title: 'A valid token is needed', retryable: false },
  token_expired: { status: 401, title: 'The token has expired', retryable: false },
  invalid_credentials: {
    status: 401,
    title: 'The e-mail address or the password is wrong',
    retryable: false,
  },
  invalid_signature: { status: 401, title: 'The signature is missing or wrong', retryable: false },
  forbidden: { status: 403, title: 'This is not yours to do', retryable: false },
  not_found: { status: 404, title: 'There is no such thing', retryable: false },
  unknown_app: { status: 404, title: 'There is no app with this key', retryable: false },
  conflict: { status: 409, title: 'It has changed in the meantime', retryable: false },
  already_taken: { status: 409, title: 'Somebody else was first', retryable: false },
  idempotency_mismatch: {
    status: 409,
    title: 'This idempotency key was used for another request',
    retryable: false,
  },
  session_ended: { status: 409, title: 'The session has ended', retryable: false },
  case_closed: { status: 409, title: 'The case is closed', retryable: false },
  survey_closed: { status: 409, title: 'The survey is answered or over', retryable: false },
  at_capacity: { status: 409, title: 'The agent has no free place', retryable: true },
  setup_done: { status: 409, title: 'The administrator is set up already', retryable: false },
  link_expired: { status: 410, title: 'The address works no more', retryable: false },
  precondition_failed: { status: 412, title: 'It is not as you have seen it any more', retryable: false },
  too_large: { status: 413, title: 'The request is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Send JSON', retryable: false },
  file_type_not_allowed: { status: 415, title: 'Files of this type are not taken', retryable: false },
  too_many_requests: { status: 429, title: 'Too many requests', retryable: true },
  internal: { status: 500, title: 'Something went wrong on our side', retryable: true },
  overloaded: { status: 503, title: 'Too much is waiting to be handled', retryable: true },
  unavailable: { status: 503, title: 'A part we depend on is not reachable', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

export type ProblemCode = keyof typeof problems;

/** A fault with a place in the table above; `detail` is written for the person who reads the answer. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly detail: string;
  /** The fields at fault, where there are some: `path` as in `message.text`. */
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
