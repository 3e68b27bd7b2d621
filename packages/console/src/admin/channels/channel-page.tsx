import { Card, Group, SimpleGrid, Stack, Switch, Text, Title } from '@mantine/core';
import type { ChannelKind, ChannelState, ConfiguredChannel } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { AnchorLink, CardLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { useChannelKinds, useChannelStates } from '../shared/queries.ts';
import { useSaveGuard } from '../shared/save-guard.tsx';
import { type Tagged, useTagged } from '../shared/use-tagged.ts';
import { ChannelForm } from './channel-form.tsx';
import { ChannelHealth } from './channel-health.tsx';
import { ChannelSteps } from './channel-steps.tsx';

/** Secrets saved in this tab, by app and channel: they cannot be read again, but may have to be pasted at the provider. */
const savedSecrets = new Map<string, Readonly<Record<string, unknown>>>();

/** Adds a channel: first its kind, then its settings. */
export function AddChannelPage() {
  const { appId } = useParams({ from: '/admin/apps/$appId/add-channel' });
  const { kind: chosen } = useSearch({ from: '/admin/apps/$appId/add-channel' });
  const navigate = useNavigate();
  const kinds = useChannelKinds();
  const queries = useQueryClient();
  const guard = useSaveGuard(undefined);
  if (kinds.isPending) return <Loading />;
  if (kinds.isError) return <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />;
  const kind = kinds.data.items.find((one) => one.kind === chosen);
  const back = <Back appId={appId} />;
  if (!kind) {
    return (
      <AdminPage title="Add channel" about="Choose where customers write to you." actions={back}>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {kinds.data.items.map((one) => (
            <CardLink
              key={one.kind}
              to="/admin/apps/$appId/add-channel"
              params={{ appId }}
              search={{ kind: one.kind }}
              className={classes.optionCard}
            >
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <span aria-hidden>
                  <ChannelIcon kind={one.kind} name={one.title} size={26} />
                </span>
                <div>
                  <Text fw={600}>{one.title}</Text>
                  <Text size="sm" c="dimmed">
                    {one.summary}
                  </Text>
                </div>
              </Group>
            </CardLink>
          ))}
        </SimpleGrid>
      </AdminPage>
    );
  }
  return (
    <AdminPage title={`Add channel: ${kind.title}`} about={kind.summary} actions={back}>
      <div className={classes.twoColumns}>
        <ChannelForm
          appId={Number(appId)}
          kind={kind}
          channel={undefined}
          guard={guard}
          onLoad={async () => {}}
          onSaved={async (name, given) => {
            savedSecrets.set(`${appId} ${name}`, given);
            await queries.invalidateQueries({ queryKey: ['admin', 'channels', appId] });
            for (const key of ['channels', 'apps']) void queries.invalidateQueries({ queryKey: [key] });
            await navigate({ to: '/admin/apps/$appId/channels/$name', params: { appId, name } });
          }}
        />
        <ChannelSteps
          kind={kind}
          channel={undefined}
          given={{}}
          mailServer={kinds.data.mailServer}
          appId={Number(appId)}
        />
      </div>
    </AdminPage>
  );
}

/** A channel: its settings, its status, and the setup steps at the provider. */
export function ChannelPage() {
  const { appId, name } = useParams({ from: '/admin/apps/$appId/channels/$name' });
  const kinds = useChannelKinds();
  const { stored, loads, reload } = useTagged<ConfiguredChannel>(['admin', 'channel', appId, name], (etag) =>
    api.rest.admin.channel(Number(appId), name, etag),
  );
  if (kinds.isPending || stored.isPending) return <Loading />;
  if (kinds.isError) return <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />;
  if (stored.isError) return <Failure error={stored.error} onRetry={() => void stored.refetch()} />;
  const known = kinds.data.items.find(({ kind }) => kind === stored.data.kind);
  const kind = known ?? {
    kind: stored.data.kind,
    title: stored.data.kind,
    source: 'provider' as const,
    summary: '',
    steps: [],
    groups: [],
    hasWebhook: false,
    isTestable: false,
    isConnectable: false,
  };
  const { mailServer } = kinds.data;
  return (
    <ChannelEditor
      key={loads}
      appId={appId}
      kind={kind}
      mailServer={mailServer}
      channel={stored.data}
      onLoad={reload}
    />
  );
}

function ChannelEditor(props: {
  appId: string;
  kind: ChannelKind;
  channel: Tagged<ConfiguredChannel>;
  mailServer: string | null;
  onLoad: () => Promise<void>;
}) {
  const { appId, kind, channel, mailServer, onLoad } = props;
  const { name } = channel;
  const queries = useQueryClient();
  const guard = useSaveGuard(channel.etag);
  const states = useChannelStates();
  const state = states.data?.items.find((one) => String(one.appId) === appId && one.name === name);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: ['admin', 'channel', appId, name] });
    void queries.invalidateQueries({ queryKey: ['admin', 'channels', appId] });
    void queries.invalidateQueries({ queryKey: ['channels'] });
  };
  async function setEnabled(enabled: boolean): Promise<void> {
    try {
      await guard.saveIndependently((how) =>
        api.rest.admin.changeChannel(Number(appId), name, { enabled }, how),
      );
    } catch (error) {
      notifyFailure('Could not change the channel', error);
    }
    await refresh();
  }
  return (
    <AdminPage title={name} about={`${kind.title}. ${kind.summary}`} actions={<Back appId={appId} />}>
      <div className={classes.twoColumns}>
        <ChannelForm
          appId={Number(appId)}
          kind={kind}
          channel={channel}
          guard={guard}
          onLoad={onLoad}
          onSaved={async (_name, given) => {
            savedSecrets.set(`${appId} ${name}`, { ...savedSecrets.get(`${appId} ${name}`), ...given });
            await refresh();
          }}
        />
        <Stack>
          <StatusCard
            state={state}
            isEnabled={channel.enabled}
            onEnable={(enabled) => void setEnabled(enabled)}
          />
          <ChannelSteps
            kind={kind}
            channel={channel}
            given={savedSecrets.get(`${appId} ${name}`) ?? {}}
            mailServer={mailServer}
            appId={Number(appId)}
          />
        </Stack>
      </div>
    </AdminPage>
  );
}

function StatusCard(props: {
  state: ChannelState | undefined;
  isEnabled: boolean;
  onEnable: (enabled: boolean) => void;
}) {
  const { state, isEnabled, onEnable } = props;
  return (
    <Card withBorder>
      <Title order={2} mb="sm">
        Status
      </Title>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          {state ? <ChannelHealth of={state} /> : null}
          {state && (
            <Text size="sm" c="dimmed" mt={6}>
              {state.receivedAt === null ? (
                'Nothing received from the provider yet.'
              ) : (
                <>
                  Last received: <Ago at={state.receivedAt} isPhrase span inherit />
                </>
              )}
            </Text>
          )}
        </div>
        <Switch
          label="Enabled"
          checked={isEnabled}
          onChange={(event) => onEnable(event.currentTarget.checked)}
        />
      </Group>
    </Card>
  );
}

function Back({ appId }: { appId: string }) {
  return (
    <AnchorLink to="/admin/apps/$appId" params={{ appId }} size="sm">
      All channels of the app
    </AnchorLink>
  );
}
