import { Badge, Button, Group, Modal, Stack, Text, Textarea, TextInput, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { fillPlaceholders } from '../../desk/composer/placeholders.ts';
import { keys } from '../../desk/keys.ts';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import type { CannedReply, Placeholder, StaffApp } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { useSaving } from '../shared/use-saving.ts';

/** The meaning of each placeholder, and a sample value for the preview. */
const meanings: Readonly<Record<Placeholder, readonly [meaning: string, sample: string]>> = {
  'customer.name': ['the customer’s name', 'Vera Lindqvist'],
  'customer.email': ['the customer’s email address', 'vera@example.com'],
  'customer.phone': ['the customer’s phone number', '+46 70 123 45 67'],
  'agent.name': ['the name of the agent who sends it', ''],
  'app.name': ['the name of the app', ''],
  'case.id': ['the case number', '20418'],
};

/** Adds or edits a canned reply, with a preview of what the customer reads. */
export function CannedReplyDialog(props: {
  app: StaffApp;
  reply: CannedReply | undefined;
  onClose: () => void;
}) {
  const { app, reply, onClose } = props;
  const me = useMe();
  const queries = useQueryClient();
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? '');
  const [text, setText] = useState(reply?.text ?? '');
  const area = useRef<HTMLTextAreaElement>(null);
  const saving = useSaving(async () => {
    const values = { shortcut: shortcut.trim().replace(/^\//, ''), text };
    if (reply) await api.rest.desk.changeCannedReply(reply.id, values);
    else await api.rest.desk.addCannedReply({ appId: app.id, ...values });
    await queries.invalidateQueries({ queryKey: keys.canned(app.id) });
    onClose();
  });
  const samples = Object.fromEntries(
    Object.entries(meanings).map(([name, [, sample]]) => [name, sample]),
  ) as Record<Placeholder, string>;
  const facts = { ...samples, 'agent.name': me.name, 'app.name': app.name, attributes: {} };

  function insert(name: string): void {
    const at = area.current?.selectionStart ?? text.length;
    const piece = `{{${name}}}`;
    setText(text.slice(0, at) + piece + text.slice(area.current?.selectionEnd ?? at));
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(at + piece.length, at + piece.length);
    });
  }

  return (
    <Modal opened onClose={onClose} title={reply ? `Edit /${reply.shortcut}` : 'Add canned reply'} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void saving.save();
        }}
      >
        <Stack>
          <FormError text={saving.errorText} />
          <TextInput
            label="Shortcut"
            description="What agents type after /"
            placeholder="hello"
            leftSection="/"
            maxLength={33}
            value={shortcut}
            onChange={(event) => setShortcut(event.currentTarget.value)}
            data-autofocus
          />
          <Textarea
            ref={area}
            label="Text"
            placeholder="Hello {{customer.name|there}}, this is {{agent.name}}. How can I help?"
            autosize
            minRows={4}
            maxRows={12}
            maxLength={10_000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <PlaceholderList onInsert={insert} />
          <Text size="xs" c="dimmed">
            {
              '{{customer.name|there}} becomes “there” if the name is unknown. {{customer.attributes.plan}} inserts an attribute.'
            }
          </Text>
          {text.trim() !== '' && (
            <div>
              <Text size="xs" fw={600} mb={4}>
                Preview
              </Text>
              <div className={classes.preview}>{fillPlaceholders(text, facts)}</div>
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={saving.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function PlaceholderList({ onInsert }: { onInsert: (name: string) => void }) {
  return (
    <Group gap={6}>
      <Text size="xs" c="dimmed">
        Insert:
      </Text>
      {Object.entries(meanings).map(([name, [meaning]]) => (
        <Tooltip key={name} label={meaning}>
          <Badge
            component="button"
            type="button"
            color="gray"
            size="sm"
            style={{ cursor: 'pointer' }}
            onClick={() => onInsert(name)}
          >
            {name}
          </Badge>
        </Tooltip>
      ))}
    </Group>
  );
}
