import { Badge, Group, Modal, Text, Textarea, TextInput, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type Ref, useRef, useState } from 'react';
import { fillPlaceholders, type PlaceholderValues } from '../../desk/composer/placeholders.ts';
import { keys } from '../../desk/keys.ts';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { DialogForm } from '../../shared/dialog-form.tsx';
import type { CannedReply, Placeholder, StaffApp } from '../../shared/sdk.ts';
import classes from '../shared/admin.module.css';
import { useSaving } from '../shared/use-saving.ts';

/** What each placeholder inserts. */
const meanings: Readonly<Record<Placeholder, string>> = {
  'customer.name': 'the customer’s name',
  'customer.email': 'the customer’s email address',
  'customer.phone': 'the customer’s phone number',
  'agent.name': 'the name of the agent who sends it',
  'app.name': 'the name of the app',
  'case.id': 'the case number',
};

/** The values of the preview; the agent and the app are the real ones. */
const samples = {
  'customer.name': 'Vera Lindqvist',
  'customer.email': 'vera@example.com',
  'customer.phone': '+46 70 123 45 67',
  'case.id': '20418',
  attributes: {},
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
  return (
    <Modal opened onClose={onClose} title={reply ? `Edit /${reply.shortcut}` : 'Add canned reply'} size="lg">
      <DialogForm
        error={saving.errorText}
        submitLabel={reply ? 'Save' : 'Add canned reply'}
        isBusy={saving.busy}
        onSubmit={saving.save}
        onCancel={onClose}
      >
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
        <ReplyText ref={area} value={text} onChange={setText} />
        <PlaceholderList onInsert={(name) => setText(insertAtCaret(area.current, text, `{{${name}}}`))} />
        <Text size="xs" c="dimmed">
          {
            '{{customer.name|there}} becomes “there” if the name is unknown. {{customer.attributes.plan}} inserts an attribute.'
          }
        </Text>
        <Preview text={text} values={{ ...samples, 'agent.name': me.name, 'app.name': app.name }} />
      </DialogForm>
    </Modal>
  );
}

function ReplyText(props: {
  ref: Ref<HTMLTextAreaElement>;
  value: string;
  onChange: (text: string) => void;
}) {
  const { ref, value, onChange } = props;
  return (
    <Textarea
      ref={ref}
      label="Text"
      placeholder="Hello {{customer.name|there}}, this is {{agent.name}}. How can I help?"
      autosize
      minRows={4}
      maxRows={12}
      maxLength={10_000}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** The text with a piece in place of the selection, after which it puts the caret. */
function insertAtCaret(area: HTMLTextAreaElement | null, text: string, piece: string): string {
  const start = area?.selectionStart ?? text.length;
  const end = area?.selectionEnd ?? start;
  requestAnimationFrame(() => {
    area?.focus();
    area?.setSelectionRange(start + piece.length, start + piece.length);
  });
  return text.slice(0, start) + piece + text.slice(end);
}

function PlaceholderList({ onInsert }: { onInsert: (name: string) => void }) {
  return (
    <Group gap={6}>
      <Text size="xs" c="dimmed">
        Insert:
      </Text>
      {Object.entries(meanings).map(([name, meaning]) => (
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

/** What the customer reads. */
function Preview({ text, values }: { text: string; values: PlaceholderValues }) {
  if (text.trim() === '') return null;
  return (
    <div>
      <Text size="xs" fw={600} mb={4}>
        Preview
      </Text>
      <div className={classes.preview}>{fillPlaceholders(text, values)}</div>
    </div>
  );
}
