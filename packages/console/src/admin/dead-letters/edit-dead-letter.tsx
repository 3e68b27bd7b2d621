import { Button, Group, JsonInput, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ParkedEvent } from '@mevrik/protocol';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';
import { useEventStory } from '../shared/queries.ts';

/** Retries an event with edited data; the log itself never changes. */
export function EditDeadLetter({
  parked,
  onClose,
  onDone,
}: {
  parked: ParkedEvent;
  onClose: () => void;
  onDone: () => void;
}) {
  const story = useEventStory(parked.eventId);
  const [text, setText] = useState<string>();
  const [errorText, setErrorText] = useState<string>();
  const shown = text ?? (story.data ? JSON.stringify(story.data.event.data, null, 2) : '');

  async function retry(): Promise<void> {
    try {
      const { eventId, subscription } = parked;
      await api.rest.admin.retryDeadLetters({ eventId, subscription }, JSON.parse(shown));
      notifications.show({ message: 'Retrying with the edited data.' });
      onDone();
      onClose();
    } catch (error) {
      setErrorText(error instanceof SyntaxError ? 'This is not valid JSON.' : errorMessage(error));
    }
  }

  return (
    <Modal opened onClose={onClose} title={`Edit data for ${parked.subscription}`} size="lg">
      <Stack>
        <FormError text={errorText} />
        <Text size="sm" c="dimmed">
          The listener handles this data instead of the event’s own. The event log does not change. The edit
          is recorded in the audit log.
        </Text>
        <JsonInput
          aria-label="Event data"
          value={shown}
          onChange={setText}
          formatOnBlur
          autosize
          minRows={10}
          maxRows={24}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button onClick={() => void retry()} disabled={story.isPending}>
            Retry with edited data
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
