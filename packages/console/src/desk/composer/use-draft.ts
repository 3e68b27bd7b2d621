import { useRef, useState } from 'react';
import { api } from '../../session/session.ts';

const typingEveryMs = 2_500;

/** Drafts survive navigation and page reloads. Replies and notes have separate drafts. */
const draftKey = (sessionId: number, isNote: boolean) => `mevrik.${isNote ? 'note' : 'draft'}.${sessionId}`;

/** The draft of a conversation. Sends typing notices while a reply is written. */
export function useDraft(sessionId: number, isNote: boolean) {
  const read = (note: boolean) => sessionStorage.getItem(draftKey(sessionId, note)) ?? '';
  const [texts, setTexts] = useState(() => ({ reply: read(false), note: read(true) }));
  const typingSentAt = useRef(0);
  return {
    text: isNote ? texts.note : texts.reply,
    write(next: string): void {
      setTexts((before) => ({ ...before, [isNote ? 'note' : 'reply']: next }));
      if (next === '') sessionStorage.removeItem(draftKey(sessionId, isNote));
      else sessionStorage.setItem(draftKey(sessionId, isNote), next);
      if (isNote || next === '' || Date.now() - typingSentAt.current < typingEveryMs) return;
      typingSentAt.current = Date.now();
      // A lost typing notice does no harm.
      api.rest.desk.sendTypingIn(sessionId, true).catch(() => {});
    },
    /** Clears the draft after sending. */
    done(): void {
      this.write('');
      // The notice expires by itself.
      if (!isNote && typingSentAt.current > 0) api.rest.desk.sendTypingIn(sessionId, false).catch(() => {});
      typingSentAt.current = 0;
    },
  };
}
