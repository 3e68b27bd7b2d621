import {
  ActionIcon,
  Button,
  Center,
  FileButton,
  Group,
  Kbd,
  Loader,
  Popover,
  Text,
  Tooltip,
} from '@mantine/core';
import { IconMessage2Bolt, IconMoodSmile, IconPaperclip, IconSend } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';

const EmojiPicker = lazy(() =>
  import('./emoji-picker.tsx').then((module) => ({ default: module.EmojiPicker })),
);

/** The composer's toolbar: attachments, emoji, canned replies, length and send. */
export function ComposerTools(props: {
  isNote: boolean;
  length: number;
  limit: number;
  canSend: boolean;
  takesFiles: boolean;
  onFiles: (files: readonly File[]) => void;
  onEmoji: (emoji: string) => void;
  onCanned: () => void;
  onSend: () => void;
}) {
  const { isNote, length, limit, canSend, takesFiles, onFiles, onEmoji, onCanned, onSend } = props;
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Group gap={2} wrap="nowrap">
        {!isNote && <AttachButton takesFiles={takesFiles} onFiles={onFiles} />}
        <EmojiButton onEmoji={onEmoji} />
        {!isNote && (
          <Tooltip label="Canned replies">
            <ActionIcon aria-label="Canned replies" onClick={onCanned}>
              <IconMessage2Bolt size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <TextLength length={length} limit={limit} />
      </Group>
      <Group gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" visibleFrom="lg" style={{ whiteSpace: 'nowrap' }}>
          <Kbd size="xs">Enter</Kbd> to {isNote ? 'add' : 'send'}
        </Text>
        <Button
          size="xs"
          color={isNote ? 'yellow' : 'brand'}
          onClick={onSend}
          disabled={!canSend}
          rightSection={<IconSend size={14} />}
        >
          {isNote ? 'Add note' : 'Send'}
        </Button>
      </Group>
    </Group>
  );
}

function AttachButton(props: { takesFiles: boolean; onFiles: (files: readonly File[]) => void }) {
  const { takesFiles, onFiles } = props;
  return (
    <Tooltip label={takesFiles ? 'Attach files' : 'This channel doesn’t support attachments'}>
      <span>
        <FileButton onChange={onFiles} multiple>
          {(button) => (
            <ActionIcon {...button} disabled={!takesFiles} aria-label="Attach files">
              <IconPaperclip size={18} />
            </ActionIcon>
          )}
        </FileButton>
      </span>
    </Tooltip>
  );
}

function EmojiButton({ onEmoji }: { onEmoji: (emoji: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label="Emoji" disabled={isOpen}>
          <ActionIcon aria-label="Emoji" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <IconMoodSmile size={18} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs" aria-label="Emoji">
        <Suspense
          fallback={
            <Center w={300} h={200}>
              <Loader size="sm" role="status" aria-label="Loading" />
            </Center>
          }
        >
          <EmojiPicker
            onPick={(emoji) => {
              setOpen(false);
              onEmoji(emoji);
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The length of a text that comes close to the limit, and into how many messages it is split. */
function TextLength({ length, limit }: { length: number; limit: number }) {
  if (length <= limit * 0.8) return null;
  const parts = Math.ceil(length / limit);
  return (
    <Text size="xs" c={length > limit ? 'orange' : 'dimmed'} ml={6} role="status">
      {length.toLocaleString()} of {limit.toLocaleString()}
      {parts > 1 ? ` · sent as ${parts} messages` : ''}
    </Text>
  );
}
