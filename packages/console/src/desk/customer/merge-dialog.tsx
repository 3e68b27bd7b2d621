import { Alert, Button, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import type { CustomerOverview, CustomerSummary } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';
import { customerName } from '../list/conversation-labels.ts';
import classes from './customer.module.css';

/** Merges another customer into the one whose conversation is open. */
export function MergeDialog(props: {
  customer: CustomerOverview['customer'];
  /** The suggested duplicate, or `search` to search; `undefined` keeps the dialog closed. */
  other: CustomerSummary | 'search' | undefined;
  onClose: () => void;
  onMerged: () => void;
}) {
  const { customer, other, onClose, onMerged } = props;
  return (
    <Modal opened={other !== undefined} onClose={onClose} title="Merge customers" size="md">
      {other !== undefined && (
        <MergeForm
          key={other === 'search' ? 'search' : other.id}
          customer={customer}
          suggested={other === 'search' ? undefined : other}
          onClose={onClose}
          onMerged={onMerged}
        />
      )}
    </Modal>
  );
}

function MergeForm(props: {
  customer: CustomerOverview['customer'];
  suggested: CustomerSummary | undefined;
  onClose: () => void;
  onMerged: () => void;
}) {
  const { customer, suggested, onClose, onMerged } = props;
  const [chosen, setChosen] = useState(suggested);
  const { merge, problem, busy } = useMerge(customer, chosen, () => {
    onMerged();
    onClose();
  });
  return (
    <Stack>
      <FormError text={problem} />
      <CustomerSearch customer={customer} suggested={suggested} chosen={chosen} onChoose={setChosen} />
      {chosen && (
        <Alert color="yellow">
          All contacts, conversations and cases of {customerName(chosen)} (#{chosen.id}) move to{' '}
          {customerName(customer)}. You can’t undo this.
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={busy} disabled={!chosen} onClick={() => void merge()}>
          Merge
        </Button>
      </Group>
    </Stack>
  );
}

/** Merges the chosen customer into this one. */
function useMerge(
  customer: CustomerOverview['customer'],
  chosen: CustomerSummary | undefined,
  onMerged: () => void,
) {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function merge(): Promise<void> {
    if (!chosen) return setProblem('Choose a customer to merge.');
    setBusy(true);
    setProblem(undefined);
    try {
      await api.rest.desk.mergeCustomer(customer.id, chosen.id);
      notifications.show({
        message: `Merged ${customerName(chosen)} (#${chosen.id}) into ${customerName(customer)}.`,
      });
      onMerged();
    } catch (error) {
      setProblem(errorMessage(error));
    } finally {
      setBusy(false);
    }
  }

  return { merge, problem, busy };
}

/** Finds the customer to merge; shows the suggested one until a search is entered. */
function CustomerSearch(props: {
  customer: CustomerOverview['customer'];
  suggested: CustomerSummary | undefined;
  chosen: CustomerSummary | undefined;
  onChoose: (customer: CustomerSummary | undefined) => void;
}) {
  const { customer, suggested, chosen, onChoose } = props;
  const { appId } = customer;
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search.trim(), 250);
  const found = useQuery({
    queryKey: ['customers', appId, settled],
    queryFn: () => api.rest.desk.searchCustomers({ appId, search: settled }),
    enabled: settled !== '',
  });
  const offered = settled === '' ? (suggested ? [suggested] : []) : (found.data?.items ?? []);
  const choices = offered.filter(({ id }) => id !== customer.id);
  return (
    <>
      <TextInput
        label={`Customer to merge into ${customerName(customer)} (#${customer.id})`}
        placeholder="Search by name, email, phone or ID"
        leftSection={<IconSearch size={15} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        data-autofocus
      />
      {choices.length > 0 ? (
        <CustomerChoices choices={choices} chosen={chosen} onChoose={onChoose} />
      ) : (
        settled !== '' &&
        !found.isPending && (
          <Text size="sm" c="dimmed">
            No results
          </Text>
        )
      )}
    </>
  );
}

function CustomerChoices(props: {
  choices: readonly CustomerSummary[];
  chosen: CustomerSummary | undefined;
  onChoose: (customer: CustomerSummary | undefined) => void;
}) {
  const { choices, chosen, onChoose } = props;
  return (
    <Radio.Group
      aria-label="Customers"
      value={chosen ? String(chosen.id) : ''}
      onChange={(id) => onChoose(choices.find((one) => String(one.id) === id))}
    >
      <Stack gap={4} className={classes.choicesList}>
        {choices.map((one) => (
          <Radio
            key={one.id}
            value={String(one.id)}
            label={`${customerName(one)} (#${one.id})`}
            description={[one.email, one.phone, one.channels.join(', ')].filter(Boolean).join(' · ')}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
