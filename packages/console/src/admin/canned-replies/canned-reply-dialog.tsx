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

/** What placeholders stand for, and somebody for whom they can be tried. */
const meanings: Readonly<Record<Placeholder, readonly [meaning: string, sample: string]>> = {
  'customer.name': ['the customer’s name', 'Vera Lindqvist'],
  'customer.email': ['their e-mail address', 'vera@example.com'],
  'customer.phone': ['their phone number', '+46 70 123 45 67'],
  'agent.name': ['whoever sends it', ''],
  'app.name': ['the app', ''],
  'case.id': ['the number of the case', '20418'],
};

/** Writes a canned reply, or changes one, and shows what a customer would read. */
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
    const said = { shortcut: shortcut.trim().replace(/^\//, ''), text };
    if (reply) await api.rest.desk.changeCannedReply(reply.id, said);
    else await api.rest.desk.addCannedReply({ appId: app.id, ...said });
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
    <Modal
      opened
      onClose={onClose}
      title={reply ? `Change /${reply.shortcut}` : 'New canned reply'}
      size="lg"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void saving.save();
        }}
      >
        <Stack>
          <FormError text={saving.fault} />
          <TextInput
            label="Shortcut"
            description="The word that agents write after a /"
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
          <Group gap={6}>
            <Text size="xs" c="dimmed">
              Put in:
            </Text>
            {Object.entries(meanings).map(([name, [meaning]]) => (
              <Tooltip key={name} label={meaning}>
                <Badge
                  component="button"
                  type="button"
                  color="gray"
                  size="sm"
                  style={{ cursor: 'pointer' }}
                  onClick={() => insert(name)}
                >
                  {name}
                </Badge>
              </Tooltip>
            ))}
          </Group>
          <Text size="xs" c="dimmed">
            {
              '{{customer.name|there}} says “there” where no name is known. {{customer.attributes.plan}} is an attribute.'
            }
          </Text>
          {text.trim() !== '' && (
            <div>
              <Text size="xs" fw={600} mb={4}>
                A customer would read
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
