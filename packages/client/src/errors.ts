/** What the API or the gateway has refused. The fields are those of the problem (RFC 9457) that came. */
export class MevrikError extends Error {
  override readonly name = 'MevrikError';
  /** The HTTP status; 0 where no answer came at all. */
  readonly status: number;
  /** A word for programs, such as `invalid_input`; see the reference of errors. */
  readonly code: string;
  /** The fields at fault, where there are some. */
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(
    status: number,
    code: string,
    detail: string,
    options: { cause?: unknown; fields?: readonly { path: string; message: string }[] } = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.fields = options.fields ?? [];
  }
}
