import type { RoutingRule } from '@mevrik/protocol';

/** The actions of a routing rule, with their labels. */
export const ruleActions: { value: RoutingRule['action']; label: string }[] = [
  { value: 'bot', label: 'Send to the bot' },
  { value: 'queue', label: 'Add to a queue' },
  { value: 'ticket', label: 'Open a case only' },
  { value: 'transfer', label: 'Assign to an agent' },
];
