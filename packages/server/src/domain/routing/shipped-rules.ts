import type { RoutingRule } from '@mevrik/protocol';

/** The rules of every new app, which can change them. */
export const shippedRules: readonly RoutingRule[] = [
  { name: 'bioscope', when: 'channel.name == "bioscope"', action: 'queue' },
  { name: 'sign-line', when: 'message.kind == "video_call_request"', action: 'ticket', priority: 'high' },
  { name: 'prelab', when: 'app.id == 13', action: 'transfer' },
  { name: 'standard', when: 'true', action: 'bot' },
];
