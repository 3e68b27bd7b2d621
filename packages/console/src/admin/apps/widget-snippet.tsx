import {
  Button,
  Card,
  Code,
  ColorInput,
  CopyButton,
  Group,
  MultiSelect,
  Select,
  SimpleGrid,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useState } from 'react';

const looks = {
  theme: [
    { value: 'auto', label: 'as the visitor has it' },
    { value: 'light', label: 'light' },
    { value: 'dark', label: 'dark' },
  ],
  position: [
    { value: 'right', label: 'on the right' },
    { value: 'left', label: 'on the left' },
  ],
  locale: [
    { value: '', label: 'as the page has it' },
    { value: 'en', label: 'English' },
    { value: 'bn', label: 'Bengali' },
    { value: 'ar', label: 'Arabic' },
  ],
};
/** What holds where the line says nothing. */
const usual: Readonly<Record<string, string>> = {
  theme: 'auto',
  position: 'right',
  locale: '',
  channel: 'web',
};

/** The line that brings the chat onto a page, as it should look there. */
export function WidgetSnippet({ appKey, channels }: { appKey: string; channels: readonly string[] }) {
  const [chosen, setChosen] = useState(usual);
  const [preChat, setPreChat] = useState<string[]>([]);
  const choose = (name: string) => (value: string | null) => setChosen({ ...chosen, [name]: value ?? '' });
  const attributes = { ...chosen, 'pre-chat': preChat.join(',') };
  const extra = Object.entries(attributes)
    .filter(([name, value]) => value !== '' && value !== usual[name])
    .map(([name, value]) => ` data-${name}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`)
    .join('');
  const snippet = `<script async src="${location.origin}/widget.js" data-app-key="${appKey}"${extra}></script>`;
  return (
    <Card withBorder>
      <Title order={2} mb={4}>
        The chat on your pages
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Put this line into a page, and its visitors can write to you. What you choose here changes the line.
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} mb="sm">
        <Select
          label="Colours"
          data={looks.theme}
          value={chosen.theme ?? null}
          onChange={choose('theme')}
          allowDeselect={false}
        />
        <Select
          label="Stands"
          data={looks.position}
          value={chosen.position ?? null}
          onChange={choose('position')}
          allowDeselect={false}
        />
        <Select
          label="Language"
          data={looks.locale}
          value={chosen.locale ?? null}
          onChange={choose('locale')}
          allowDeselect={false}
        />
        <ColorInput
          label="Accent"
          eyeDropperButtonProps={{ 'aria-label': 'Pick a colour from the screen' }}
          placeholder="ours"
          format="hex"
          value={chosen.color ?? ''}
          onChange={choose('color')}
        />
        <TextInput
          label="Title"
          placeholder="in the visitor’s language"
          value={chosen.title ?? ''}
          onChange={(event) => choose('title')(event.currentTarget.value)}
        />
        <TextInput
          label="Greeting"
          placeholder="in the visitor’s language"
          value={chosen.greeting ?? ''}
          onChange={(event) => choose('greeting')(event.currentTarget.value)}
        />
        <MultiSelect
          label="Asked before the chat"
          placeholder={preChat.length === 0 ? 'nothing' : ''}
          data={['name', 'email']}
          value={preChat}
          onChange={setPreChat}
        />
        {channels.length > 1 && (
          <Select
            label="Channel"
            data={[...channels]}
            value={chosen.channel ?? null}
            onChange={choose('channel')}
            allowDeselect={false}
          />
        )}
      </SimpleGrid>
      <Group wrap="nowrap" align="flex-start">
        <Code block style={{ flex: 1, whiteSpace: 'pre-wrap' }}>
          {snippet}
        </Code>
        <CopyButton value={snippet}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Card>
  );
}
