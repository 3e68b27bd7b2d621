/**
 * The contact id of a person as the author of public comments. Comments and private messages of one person are separate
 * conversations, so that a reply to one can never appear in the other.
 */
export function commenterId(id: string): string {
  return `comments:${id}`;
}

/** Whether a contact is an author of comments, who can only be reached by replying to a comment. */
export function isCommenter(contactId: string): boolean {
  return contactId.startsWith('comments:');
}
