/** A routing rule, as it is written. */
export interface Rule {
  readonly name: string;
  readonly when: string;
  readonly action: 'bot' | 'queue' | 'ticket' | 'transfer';
  readonly queue?: string;
  readonly priority?: 'high' | 'low' | 'normal' | 'urgent';
  readonly skills?: readonly string[];
}

/** What rules may have done. */
export const actions = [
  { value: 'bot', label: 'The bot answers' },
  { value: 'queue', label: 'It waits for an agent' },
  { value: 'ticket', label: 'A case is opened, and nothing else' },
  { value: 'transfer', label: 'It is given to an agent at once' },
];
