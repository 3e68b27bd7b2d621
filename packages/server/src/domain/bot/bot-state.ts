import type { BotState } from '@mevrik/protocol';

/** The state that a conversation with the bot starts with. */
export const initialBotState: BotState = { form: null, answers: {}, misunderstandings: 0 };
