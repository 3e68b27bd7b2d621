export { type BotState, botStateSchema } from '@mevrik/protocol';
export { toBotView } from './bot-view.ts';
export { defaultFlow, defaultParsedFlow } from './default-flow.ts';
export { isHandoverRequest } from './handover-words.ts';
export { type HttpBotRequest, type HttpBotResponse, httpBotResponseSchema } from './http-bot.ts';
export { type BotFlow, parseFlow } from './parse-flow.ts';
export { type BotInput, type BotTurn, greet, interpret, respond } from './respond.ts';
