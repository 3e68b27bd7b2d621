export { createFacebookCaller } from './facebook-caller.ts';
export {
  type Accepted,
  type GraphFault,
  type GraphStandIn,
  isFor,
  signWebhook,
  startGraphStandIn,
  textOf,
} from './graph-stand-in.ts';
export { type SentMail, type SmtpFault, type SmtpStandIn, startSmtpStandIn } from './smtp-stand-in.ts';
export { type StandIns, startStandIns } from './start-stand-ins.ts';
export { bodyOfPages } from './webhook-bodies.ts';
