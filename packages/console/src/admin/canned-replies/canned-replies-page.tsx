import { ActionIcon, Button, Card, Group, Select, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconMessage2Bolt, IconPencil, IconPlus, IconSearch, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../desk/keys.ts';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import type { CannedReply } from '../../shared/sdk.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { modals } from '../shared/confirm.tsx';
import { useApps } from '../shared/queries.ts';
import { CannedReplyDialog } from './canned-reply-dialog.tsx';

/** The canned replies of an app. */
export function CannedRepliesPage() {
  const apps = useApps();
  const [chosen, setChosen] = useState<string | null>(null);
  const [search, setSearch] = useState('');
  const [edited, setEdited] = useState<CannedReply | 'new'>();
  const app = apps.data?.items.find(({ id }) => String(id) === chosen) ?? apps.data?.items[0];
  const canned = useQuery({
    queryKey: keys.canned(app?.id ?? 0),
    queryFn: () => api.rest.desk.cannedReplies(app?.id ?? 0),
    enabled: app !== undefined,
  });
  const term = search.trim().toLowerCase();
  const shown = (canned.data?.items ?? []).filter(
    ({ shortcut, text }) => shortcut.toLowerCase().includes(term) || text.toLowerCase().includes(term),
  );
  return (
    <AdminPage
      title="Canned replies"
      about="Agents type / and a shortcut to insert a reply. Placeholders in {{braces}} are filled in automatically."
      actions={
        <Button leftSection={<IconPlus size={16} />} disabled={!app} onClick={() => setEdited('new')}>
          Add canned reply
        </Button>
      }
    >
      <Group gap="sm">
        {(apps.data?.items.length ?? 0) > 1 && (
          <Select
            aria-label="App"
            data={(apps.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
            value={app ? String(app.id) : null}
            onChange={setChosen}
            allowDeselect={false}
          />
        )}
        <TextInput
          aria-label="Search"
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </Group>
      {canned.isError ? (
        <Failure error={canned.error} onRetry={() => void canned.refetch()} />
      ) : apps.isError ? (
        <Failure error={apps.error} onRetry={() => void apps.refetch()} />
      ) : canned.isPending ? (
        <Loading />
      ) : shown.length === 0 ? (
        <Card withBorder>
          <Empty
            icon={<IconMessage2Bolt size={34} stroke={1.4} />}
            title={term === '' ? 'No canned replies yet' : 'No results'}
          >
            {term === ''
              ? 'Add replies that agents send often, such as greetings, opening hours or return instructions.'
              : 'Try a different search.'}
          </Empty>
        </Card>
      ) : (
        <Replies items={shown} onEdit={setEdited} />
      )}
      {edited && app && (
        <CannedReplyDialog
          key={edited === 'new' ? 'new' : edited.id}
          app={app}
          reply={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </AdminPage>
  );
}

function Replies(props: { items: readonly CannedReply[]; onEdit: (reply: CannedReply) => void }) {
  const queries = useQueryClient();
  const remove = (reply: CannedReply) =>
    modals.confirm({
      title: `Remove /${reply.shortcut}?`,
      text: 'Agents can no longer insert it. Messages already sent do not change.',
      action: 'Remove',
      async onConfirm() {
        try {
          await api.rest.desk.removeCannedReply(reply.id);
        } catch (error) {
          notifications.show({
            color: 'red',
            title: 'Could not remove the canned reply',
            message: errorMessage(error),
          });
        }
        await queries.invalidateQueries({ queryKey: keys.canned(reply.appId) });
      },
    });
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Shortcut</Table.Th>
            <Table.Th>Text</Table.Th>
            <Table.Th>Updated</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.items.map((reply) => (
            <Table.Tr key={reply.id}>
              <Table.Td className={classes.mono}>/{reply.shortcut}</Table.Td>
              <Table.Td maw={560}>
                <Text size="sm" lineClamp={2}>
                  {reply.text}
                </Text>
              </Table.Td>
              <Table.Td>
                <Ago at={reply.updatedAt} />
              </Table.Td>
              <Table.Td>
                <Group gap={2} justify="flex-end" wrap="nowrap">
                  <Tooltip label="Edit">
                    <ActionIcon aria-label={`Edit /${reply.shortcut}`} onClick={() => props.onEdit(reply)}>
                      <IconPencil size={16} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label="Remove">
                    <ActionIcon
                      color="red"
                      aria-label={`Remove /${reply.shortcut}`}
                      onClick={() => remove(reply)}
                    >
                      <IconTrash size={16} />
                    </ActionIcon>
                  </Tooltip>
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
