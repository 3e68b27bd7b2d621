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

const options = {
  theme: [
    { value: 'auto', label: 'Visitor’s setting' },
    { value: 'light', label: 'Light' },
    { value: 'dark', label: 'Dark' },
  ],
  position: [
    { value: 'right', label: 'Right' },
    { value: 'left', label: 'Left' },
  ],
  locale: [
    { value: '', label: 'Page language' },
    { value: 'en', label: 'English' },
    { value: 'bn', label: 'Bengali' },
    { value: 'ar', label: 'Arabic' },
  ],
};
/** The defaults of the widget; the snippet leaves them out. */
const defaults: Readonly<Record<string, string>> = {
  theme: 'auto',
  position: 'right',
  locale: '',
  channel: 'web',
};

/** The snippet that adds the widget to a page, with options for its appearance. */
export function WidgetSnippet({ appKey, channels }: { appKey: string; channels: readonly string[] }) {
  const [chosen, setChosen] = useState(defaults);
  const [preChat, setPreChat] = useState<string[]>([]);
  const choose = (name: string) => (value: string | null) => setChosen({ ...chosen, [name]: value ?? '' });
  const attributes = { ...chosen, 'pre-chat': preChat.join(',') };
  const extra = Object.entries(attributes)
    .filter(([name, value]) => value !== '' && value !== defaults[name])
    .map(([name, value]) => ` data-${name}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`)
    .join('');
  const snippet = `<script async src="${location.origin}/widget.js" data-app-key="${appKey}"${extra}></script>`;
  return (
    <Card withBorder>
      <Title order={2} mb={4}>
        Chat widget
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Add this snippet to your pages to show the chat. The options below change the snippet.
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} mb="sm">
        <Select
          label="Color scheme"
          data={options.theme}
          value={chosen.theme ?? null}
          onChange={choose('theme')}
          allowDeselect={false}
        />
        <Select
          label="Position"
          data={options.position}
          value={chosen.position ?? null}
          onChange={choose('position')}
          allowDeselect={false}
        />
        <Select
          label="Language"
          data={options.locale}
          value={chosen.locale ?? null}
          onChange={choose('locale')}
          allowDeselect={false}
        />
        <ColorInput
          label="Accent color"
          eyeDropperButtonProps={{ 'aria-label': 'Pick a color from the screen' }}
          placeholder="Default"
          format="hex"
          value={chosen.color ?? ''}
          onChange={choose('color')}
        />
        <TextInput
          label="Title"
          placeholder="Default text"
          value={chosen.title ?? ''}
          onChange={(event) => choose('title')(event.currentTarget.value)}
        />
        <TextInput
          label="Greeting"
          placeholder="Default text"
          value={chosen.greeting ?? ''}
          onChange={(event) => choose('greeting')(event.currentTarget.value)}
        />
        <MultiSelect
          label="Pre-chat fields"
          placeholder={preChat.length === 0 ? 'None' : ''}
          data={[
            { value: 'name', label: 'Name' },
            { value: 'email', label: 'Email' },
          ]}
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
