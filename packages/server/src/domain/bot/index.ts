export { type BotState, botStateSchema } from './bot-state.ts';
export { defaultFlow, defaultParsedFlow } from './default-flow.ts';
export { isHandoverRequest } from './handover-words.ts';
export { type HttpBotRequest, type HttpBotResponse, httpBotResponseSchema } from './http-bot.ts';
export { type Flow, parseFlow } from './parse-flow.ts';
export { type BotInput, type BotTurn, greet, respond, understand } from './respond.ts';
export { shownBot } from './shown-bot.ts';
