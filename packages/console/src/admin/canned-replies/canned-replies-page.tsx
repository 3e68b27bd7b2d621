import { ActionIcon, Button, Card, Group, Select, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { IconMessage2Bolt, IconPencil, IconPlus, IconSearch, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../desk/keys.ts';
import { api } from '../../session/session.ts';
import { notifyFailure } from '../../shared/notify-failure.ts';
import type { CannedReply, StaffApp } from '../../shared/sdk.ts';
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
        <AppChoice apps={apps.data?.items ?? []} value={app} onChange={setChosen} />
        <TextInput
          aria-label="Search"
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </Group>
      {apps.isError ? (
        <Failure error={apps.error} onRetry={() => void apps.refetch()} />
      ) : (
        <ReplyList app={app} term={search.trim().toLowerCase()} onEdit={setEdited} />
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

/** The choice of the app; hidden if there is only one. */
function AppChoice(props: {
  apps: readonly StaffApp[];
  value: StaffApp | undefined;
  onChange: (id: string | null) => void;
}) {
  const { apps, value, onChange } = props;
  if (apps.length <= 1) return null;
  return (
    <Select
      aria-label="App"
      data={apps.map(({ id, name }) => ({ value: String(id), label: name }))}
      value={value ? String(value.id) : null}
      onChange={onChange}
      allowDeselect={false}
    />
  );
}

/** The replies whose shortcut or text contains the term, in their states. */
function ReplyList(props: {
  /** `undefined` while the apps load. */
  app: StaffApp | undefined;
  term: string;
  onEdit: (reply: CannedReply) => void;
}) {
  const { app, term, onEdit } = props;
  const canned = useQuery({
    queryKey: keys.canned(app?.id ?? 0),
    queryFn: () => api.rest.desk.cannedReplies(app?.id ?? 0),
    enabled: app !== undefined,
  });
  if (canned.isError) return <Failure error={canned.error} onRetry={() => void canned.refetch()} />;
  if (canned.isPending) return <Loading />;
  const shown = canned.data.items.filter(
    ({ shortcut, text }) => shortcut.toLowerCase().includes(term) || text.toLowerCase().includes(term),
  );
  return shown.length === 0 ? (
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
    <ReplyTable items={shown} onEdit={onEdit} />
  );
}

function ReplyTable(props: { items: readonly CannedReply[]; onEdit: (reply: CannedReply) => void }) {
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
          notifyFailure('Could not remove the canned reply', error);
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
