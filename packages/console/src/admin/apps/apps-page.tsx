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
import type { CreatedApp } from '@mevrik/protocol';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, FormError, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';

/** All apps; and a dialog that creates one. */
export function AppsPage() {
  const [isOpen, dialog] = useDisclosure(false);
  const list = useQuery({
    queryKey: ['admin', 'apps'],
    queryFn: () => api.rest.admin.apps({ limit: 100 }),
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <AdminPage
      title="Apps"
      about="Each app has its own customers, channels, agents and bot."
      actions={<Button onClick={dialog.open}>Create app</Button>}
    >
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>App</Table.Th>
              <Table.Th>ID</Table.Th>
              <Table.Th>Key</Table.Th>
              <Table.Th>Status</Table.Th>
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
                  <Badge color={app.enabled ? 'teal' : 'gray'}>{app.enabled ? 'Enabled' : 'Disabled'}</Badge>
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
  const [created, setCreated] = useState<CreatedApp>();
  const [errorText, setErrorText] = useState<string>();
  async function create(): Promise<void> {
    try {
      setCreated(await api.rest.admin.createApp({ name: name.trim() }));
      void queries.invalidateQueries({ queryKey: ['admin', 'apps'] });
      void queries.invalidateQueries({ queryKey: ['apps'] });
    } catch (error) {
      setErrorText(errorMessage(error));
    }
  }
  const close = () => {
    setCreated(undefined);
    setName('');
    setErrorText(undefined);
    onClose();
  };
  return (
    <Modal opened={isOpen} onClose={close} title={created ? 'App created' : 'Create app'}>
      {created ? (
        <Stack>
          <Text size="sm">This secret is shown only once. Store it where your back end can read it.</Text>
          <Code block>{created.secret}</Code>
          <Group justify="flex-end">
            <CopyButton value={created.secret}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy secret'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          <FormError text={errorText} />
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
            <Button onClick={() => void create()} disabled={name.trim() === ''}>
              Create
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
