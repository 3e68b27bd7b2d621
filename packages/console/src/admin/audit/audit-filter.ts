/** The filters of the audit log as they are entered; '' matches all. */
export interface EnteredAuditFilter {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  /** Local time, as of a `datetime-local` input. */
  readonly since: string;
  readonly until: string;
  readonly search: string;
}

/** Matches all entries. */
export const noAuditFilter: EnteredAuditFilter = {
  actor: '',
  action: '',
  target: '',
  since: '',
  until: '',
  search: '',
};

/** The query of the API for a filter. */
export function auditQueryOf(filter: EnteredAuditFilter): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => {
      if (value.trim() === '') return [];
      const isTime = name === 'since' || name === 'until';
      return [[name, isTime ? new Date(value).toISOString() : value.trim()]];
    }),
  );
}

/** The actions and their families: `channel` also finds `channel.put`. */
export function familiesOf(actions: readonly string[]): string[] {
  const families = actions.flatMap((action) => (action.includes('.') ? [action.split('.')[0] ?? ''] : []));
  return [...new Set([...families, ...actions])].sort();
}
