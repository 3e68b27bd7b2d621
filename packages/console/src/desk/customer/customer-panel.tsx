import { ActionIcon, Avatar, Button, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconPencil, IconRosetteDiscountCheck, IconUsersPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import type { ContactIdentity, CustomerOverview, CustomerSummary, StaffApp } from '../../shared/sdk.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { exactTime, fullDate } from '../../shared/time.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { keys } from '../keys.ts';
import { customerName } from '../list/conversation-labels.ts';
import classes from './customer.module.css';
import { CustomerForm } from './customer-form.tsx';
import { CustomerHistory } from './customer-history.tsx';
import { CustomerField, CustomerSection } from './customer-section.tsx';
import { MergeDialog } from './merge-dialog.tsx';

/** The customer: contact details, attributes, cases and earlier sessions. */
export function CustomerPanel(props: {
  customerId: number;
  sessionId: number;
  app: StaffApp | undefined;
  onClose: () => void;
  onMerged: () => void;
}) {
  const { customerId, sessionId, app, onClose, onMerged } = props;
  const overview = useQuery({
    queryKey: keys.customer(customerId),
    queryFn: () => api.rest.desk.customerOverview(customerId),
  });
  const [edits, setEdits] = useState(false);
  const [merges, setMerges] = useState<CustomerSummary | 'search'>();
  useDeskAction('edit', () => setEdits(true), !edits);
  useDeskAction('merge', () => setMerges('search'));
  if (overview.isPending) return <Loading lines={4} />;
  if (overview.isError) return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  const { customer, sessions, cases, lookalikes } = overview.data;
  return (
    <Stack p="md" gap="lg" pos="relative">
      <ActionIcon className={classes.panelClose} aria-label="Hide customer details" onClick={onClose}>
        <IconX size={17} />
      </ActionIcon>
      <CustomerHeader customer={customer}>
        {!edits && (
          <Group gap={6} mt={4}>
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconPencil size={13} />}
              onClick={() => setEdits(true)}
            >
              Edit
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconUsersPlus size={13} />}
              onClick={() => setMerges('search')}
            >
              Merge
            </Button>
          </Group>
        )}
      </CustomerHeader>
      {edits ? (
        <CustomerForm customer={customer} onDone={() => setEdits(false)} />
      ) : (
        <>
          <PossibleDuplicates found={lookalikes} onMerge={setMerges} />
          <CustomerFacts overview={overview.data} app={app} />
        </>
      )}
      <CustomerHistory cases={cases} sessions={sessions} sessionId={sessionId} app={app} />
      <MergeDialog
        customer={customer}
        other={merges}
        onClose={() => setMerges(undefined)}
        onMerged={() => {
          void overview.refetch();
          onMerged();
        }}
      />
    </Stack>
  );
}

/** The customer's name, whether it is verified, and the actions. */
function CustomerHeader(props: { customer: CustomerOverview['customer']; children: ReactNode }) {
  const { customer, children } = props;
  return (
    <Stack align="center" gap={6} pt="xs">
      <Avatar size={56} radius="xl" name={customerName(customer)} color="initials" aria-hidden />
      <Group gap={4} wrap="nowrap" maw="100%">
        <Text fw={650} truncate component="h2" m={0}>
          {customerName(customer)}
        </Text>
        {customer.verified && (
          <Tooltip label="Identity verified by the app">
            <IconRosetteDiscountCheck
              size={17}
              color="var(--mantine-primary-color-filled)"
              role="img"
              aria-label="Verified"
              style={{ flexShrink: 0 }}
            />
          </Tooltip>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        Customer #{customer.id} · since {fullDate(customer.createdAt)}
      </Text>
      {children}
    </Stack>
  );
}

function PossibleDuplicates(props: {
  found: readonly CustomerSummary[];
  onMerge: (other: CustomerSummary) => void;
}) {
  if (props.found.length === 0) return null;
  return (
    <div className={classes.lookalikes}>
      <Text size="xs" fw={600}>
        Possible duplicates
      </Text>
      {props.found.slice(0, 3).map((other) => (
        <Group key={other.id} justify="space-between" gap="xs" wrap="nowrap">
          <div style={{ minWidth: 0 }}>
            <Text size="sm" truncate>
              {customerName(other)}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {other.email ?? other.phone}
            </Text>
          </div>
          <Button size="compact-xs" variant="light" onClick={() => props.onMerge(other)}>
            Merge
          </Button>
        </Group>
      ))}
    </div>
  );
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Formats ISO timestamps; other values stay as they are. */
function shown(value: string | number | boolean): string {
  return typeof value === 'string' && instant.test(value) ? exactTime(value) : String(value);
}

function CustomerFacts({ overview, app }: { overview: CustomerOverview; app: StaffApp | undefined }) {
  const { customer, identities } = overview;
  const attributes = Object.entries(customer.attributes);
  return (
    <>
      <CustomerSection title="Contact">
        <CustomerField label="Email" value={customer.email} />
        <CustomerField label="Phone" value={customer.phone} />
        <CustomerField label="Language" value={customer.locale} />
        <CustomerField label="External ID" value={customer.externalId} />
        {identities.map((identity) => (
          <Identity
            key={identity.id}
            identity={identity}
            channel={app?.channels.find(({ name }) => name === identity.channel)}
          />
        ))}
      </CustomerSection>
      {attributes.length > 0 && (
        <CustomerSection title="Attributes">
          {attributes.map(([name, value]) => (
            <CustomerField key={name} label={name} value={shown(value)} />
          ))}
        </CustomerSection>
      )}
    </>
  );
}

/** A contact on one channel. Contacts who write through our own API have only a technical id, which is not shown. */
function Identity(props: { identity: ContactIdentity; channel: StaffApp['channels'][number] | undefined }) {
  const { channel: name, contactId } = props.identity;
  const { kind = name, title, source } = props.channel ?? {};
  return (
    <Group gap={6} wrap="nowrap">
      <ChannelIcon kind={kind} name={name} />
      <Text size="xs" c="dimmed" truncate title={contactId}>
        {source !== 'visitor' ? contactId : name === kind ? `${title} chat` : `${title} chat (${name})`}
      </Text>
    </Group>
  );
}
