/** The error with which the real Graph API rejects an invalid request. */
export function validationError(
  answeredComments: ReadonlySet<string>,
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  { edge, body }: { readonly edge: string; readonly body: any },
): { readonly code: number; readonly subcode?: number; readonly message?: string } | undefined {
  const { message, recipient } = body;
  if (edge === 'replies') return body.message ? undefined : { code: 100, message: 'Empty' };
  if (body.messaging_product === 'whatsapp') return whatsappValidationError(body);
  if (edge === 'comments')
    return body.message || body.attachment_url ? undefined : { code: 100, message: 'Empty' };
  if (edge !== 'messages') return { code: 2500, message: `Unknown path: ${edge}` };
  if (recipient?.comment_id !== undefined && answeredComments.has(recipient.comment_id))
    return { code: 10900 };
  const replies: { title: string }[] = message?.quick_replies ?? [];
  const template = message?.attachment?.payload;
  const isInvalid =
    (recipient?.id ?? recipient?.comment_id) === undefined ||
    // A private reply to a comment needs no messaging type.
    (recipient?.id !== undefined && !['RESPONSE', 'UPDATE', 'MESSAGE_TAG'].includes(body.messaging_type)) ||
    (message?.text ?? '').length > 2000 ||
    (message?.text === undefined && message?.attachment === undefined) ||
    replies.length > 13 ||
    replies.some(({ title }) => title.length > 20) ||
    (template?.text ?? '').length > 640 ||
    (template?.buttons ?? []).length > 3;
  return isInvalid ? { code: 100, subcode: 2018000, message: 'Invalid parameter' } : undefined;
}

/** Errors with which the real Cloud API rejects invalid requests. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
function whatsappValidationError({ to, type, text, interactive, ...body }: any) {
  const buttons = interactive?.action.buttons ?? [];
  const rows = interactive?.action.sections?.flatMap((section: { rows: object[] }) => section.rows) ?? [];
  const isInvalid =
    typeof to !== 'string' ||
    (type === 'text' && !(text?.body.length > 0 && text.body.length <= 4096)) ||
    (type === 'interactive' && buttons.length + rows.length === 0) ||
    (interactive?.body.text ?? '').length > 1024 ||
    buttons.length > 3 ||
    rows.length > 10 ||
    buttons.some(({ reply }: { reply: { title: string } }) => reply.title.length > 20) ||
    rows.some(({ title }: { title: string }) => title.length > 24) ||
    (!['text', 'interactive'].includes(type) && !(body[type]?.link || body[type]?.id));
  return isInvalid ? { code: 100, message: 'Invalid parameter' } : undefined;
}
