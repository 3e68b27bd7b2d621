import { Alert, Button, Card, Group, Stack, Text, TextInput } from '@mantine/core';
import { isChanged } from '../settings/setting-draft.ts';
import { SettingForm } from '../settings/setting-form.tsx';
import { SaveError } from '../shared/save-guard.tsx';
import { type ChannelFormProps, useChannelForm } from './use-channel-form.ts';

/** The settings of a channel; its credentials can be tested before they are saved. */
export function ChannelForm(props: ChannelFormProps) {
  const { kind, channel, guard, onLoad } = props;
  const form = useChannelForm(props);
  const { draft, errors, testResult, save } = form;
  if (!isChanged(draft)) guard.follow(channel?.etag);
  return (
    <Card
      withBorder
      component="form"
      onSubmit={(event: { preventDefault(): void }) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack gap="lg">
        {!channel && (
          <TextInput
            label="Channel name"
            description="Letters, digits, - and _. It is part of the webhook URL and cannot be changed later."
            value={form.name}
            error={errors.at.name}
            onChange={(event) => form.setName(event.currentTarget.value)}
            withAsterisk
          />
        )}
        {kind.groups.length === 0 ? (
          <Text size="sm" c="dimmed">
            This channel has no settings.
          </Text>
        ) : (
          <SettingForm
            groups={kind.groups}
            stored={channel?.settings ?? {}}
            secrets={channel?.secrets ?? []}
            draft={draft}
            onDraft={form.setDraft}
            errors={errors}
          />
        )}
        {testResult && (
          <Alert color={testResult.ok ? 'teal' : 'red'} role={testResult.ok ? 'status' : 'alert'}>
            {testResult.ok ? 'The credentials work.' : testResult.reason}
          </Alert>
        )}
        <SaveError guard={guard} text={errors.rest} onSave={save} onLoad={onLoad} />
        <Group justify="flex-end">
          {kind.isTestable && (
            <Button variant="default" loading={form.busy === 'test'} onClick={() => void form.test()}>
              Test credentials
            </Button>
          )}
          {(!channel || kind.groups.length > 0) && (
            <Button type="submit" loading={form.busy === 'save'} disabled={channel && !isChanged(draft)}>
              {channel ? 'Save' : 'Add channel'}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
