import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import type { PlaceholderValues } from '../composer/placeholders.ts';
import { keys } from '../keys.ts';

/** The values of placeholders in canned replies to this conversation. */
export function usePlaceholderValues(row: ConversationRow, app: StaffApp | undefined): PlaceholderValues {
  const me = useMe();
  const customer = useQuery({
    queryKey: keys.customer(row.customer.id),
    queryFn: () => api.rest.desk.customerOverview(row.customer.id),
  });
  const known = customer.data?.customer;
  return useMemo(
    () => ({
      'customer.name': known?.name ?? row.customer.name ?? null,
      'customer.email': known?.email ?? row.customer.email ?? null,
      'customer.phone': known?.phone ?? null,
      'agent.name': me.name,
      'app.name': app?.name ?? null,
      'case.id': row.case ? String(row.case.id) : null,
      attributes: known?.attributes ?? {},
    }),
    [known, row, me.name, app],
  );
}
