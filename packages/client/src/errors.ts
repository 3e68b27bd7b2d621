/** An error of the API or the gateway. The fields are those of the problem (RFC 9457), if there was one. */
export class MevrikError extends Error {
  override readonly name = 'MevrikError';
  /** The HTTP status; 0 if no response arrived. */
  readonly status: number;
  /** A machine-readable code, such as `invalid_input`; see the reference of errors. */
  readonly code: string;
  /** The invalid fields, if any. */
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
