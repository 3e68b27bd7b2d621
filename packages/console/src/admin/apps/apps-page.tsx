import {
  Badge,
  Button,
  Card,
  Code,
  CopyButton,
  Group,
  Modal,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, FormError, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import type { AppRow, Items } from '../shared/api-types.ts';

/** The apps: each has customers, channels, agents and a bot of its own. */
export function AppsPage() {
  const [isOpen, dialog] = useDisclosure(false);
  const list = useQuery({
    queryKey: ['admin', 'apps'],
    queryFn: () => api.call<Items<AppRow>>('GET', '/v1/admin/apps', { query: { limit: 100 } }),
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <AdminPage
      title="Apps"
      about="Each app has customers, channels, agents and a bot of its own."
      actions={<Button onClick={dialog.open}>New app</Button>}
    >
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>App</Table.Th>
              <Table.Th>Number</Table.Th>
              <Table.Th>Key</Table.Th>
              <Table.Th>State</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data.items.map((app) => (
              <Table.Tr key={app.id}>
                <Table.Td>
                  <Link to="/admin/apps/$appId" params={{ appId: String(app.id) }} className={classes.link}>
                    {app.name}
                  </Link>
                </Table.Td>
                <Table.Td>{app.id}</Table.Td>
                <Table.Td className={classes.mono}>{app.key}</Table.Td>
                <Table.Td>
                  <Badge color={app.enabled ? 'teal' : 'gray'}>{app.enabled ? 'open' : 'disabled'}</Badge>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
      <NewApp isOpen={isOpen} onClose={dialog.close} />
    </AdminPage>
  );
}

function NewApp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [made, setMade] = useState<{ readonly key: string; readonly secret: string }>();
  const [fault, setFault] = useState<string>();
  async function make(): Promise<void> {
    try {
      setMade(await api.call('POST', '/v1/admin/apps', { body: { name: name.trim() } }));
      void queries.invalidateQueries({ queryKey: ['admin', 'apps'] });
      void queries.invalidateQueries({ queryKey: ['apps'] });
    } catch (error) {
      setFault(errorMessage(error));
    }
  }
  const close = () => {
    setMade(undefined);
    setName('');
    setFault(undefined);
    onClose();
  };
  return (
    <Modal opened={isOpen} onClose={close} title={made ? 'The app is made' : 'New app'}>
      {made ? (
        <Stack>
          <Text size="sm">
            This is its secret. It is shown this once: keep it where your back end can read it.
          </Text>
          <Code block>{made.secret}</Code>
          <Group justify="flex-end">
            <CopyButton value={made.secret}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy the secret'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={close}>I have kept it</Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          <FormError text={fault} />
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button onClick={() => void make()} disabled={name.trim() === ''}>
              Make the app
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
