export { createFacebookCaller } from './facebook-caller.ts';
export {
  type AcceptedMessage,
  type GraphFailure,
  type GraphStandIn,
  isFor,
  signWebhook,
  startGraphStandIn,
  textOf,
} from './graph-stand-in.ts';
export { type SentEmail, type SmtpFailure, type SmtpStandIn, startSmtpStandIn } from './smtp-stand-in.ts';
export { type StandIns, startStandIns } from './start-stand-ins.ts';
export {
  startTelegramStandIn,
  type TelegramCall,
  type TelegramFailure,
  type TelegramStandIn,
} from './telegram-stand-in.ts';
export { createWebhookBody } from './webhook-bodies.ts';
