/**
 * Whom a comment is of. What somebody writes in public is another conversation than what they write to the account in
 * private: an answer to the one must never turn up in the other.
 */
export function commenter(id: string): string {
  return `comments:${id}`;
}

/** Whether a contact is somebody's public side: it hears us only under its comments. */
export function isCommenter(contactId: string): boolean {
  return contactId.startsWith('comments:');
}
