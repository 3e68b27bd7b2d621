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
import { type ChangeEvent, useState } from 'react';
import { listOf } from '../../shared/search-params.ts';

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
  preChat: [
    { value: 'name', label: 'Name' },
    { value: 'email', label: 'Email' },
  ],
};

/** The options of the widget by the name of their attribute: `theme` is `data-theme`. */
type WidgetOptions = Readonly<Record<string, string>>;

/** The defaults of the widget; the snippet leaves them out. */
const defaults: WidgetOptions = {
  theme: 'auto',
  position: 'right',
  locale: '',
  channel: 'web',
};

/** The snippet that adds the widget to a page, with options for its appearance. */
export function WidgetSnippet({ appKey, channels }: { appKey: string; channels: readonly string[] }) {
  const [chosen, setChosen] = useState(defaults);
  return (
    <Card withBorder>
      <Title order={2} mb={4}>
        Chat widget
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Add this snippet to your pages to show the chat. The options below change the snippet.
      </Text>
      <OptionFields chosen={chosen} channels={channels} onChange={setChosen} />
      <CopyableCode code={snippetOf(appKey, chosen)} />
    </Card>
  );
}

/** The script element for the chosen options. */
function snippetOf(appKey: string, chosen: WidgetOptions): string {
  const extra = Object.entries(chosen)
    .filter(([name, value]) => value !== '' && value !== defaults[name])
    .map(([name, value]) => ` data-${name}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`)
    .join('');
  return `<script async src="${location.origin}/widget.js" data-app-key="${appKey}"${extra}></script>`;
}

function OptionFields(props: {
  chosen: WidgetOptions;
  channels: readonly string[];
  onChange: (chosen: WidgetOptions) => void;
}) {
  const { chosen, channels, onChange } = props;
  const choose = (name: string) => (value: string | null) => onChange({ ...chosen, [name]: value ?? '' });
  const choice = (name: string) => ({
    value: chosen[name] ?? null,
    onChange: choose(name),
    allowDeselect: false,
  });
  const text = (name: string) => ({
    placeholder: 'Default text',
    value: chosen[name] ?? '',
    onChange: (event: ChangeEvent<HTMLInputElement>) => choose(name)(event.currentTarget.value),
  });
  const preChat = listOf(chosen['pre-chat']);
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} mb="sm">
      <Select label="Color scheme" data={options.theme} {...choice('theme')} />
      <Select label="Position" data={options.position} {...choice('position')} />
      <Select label="Language" data={options.locale} {...choice('locale')} />
      <ColorInput
        label="Accent color"
        eyeDropperButtonProps={{ 'aria-label': 'Pick a color from the screen' }}
        placeholder="Default"
        format="hex"
        value={chosen.color ?? ''}
        onChange={choose('color')}
      />
      <TextInput label="Title" {...text('title')} />
      <TextInput label="Greeting" {...text('greeting')} />
      <MultiSelect
        label="Pre-chat fields"
        placeholder={preChat.length === 0 ? 'None' : ''}
        data={options.preChat}
        value={preChat}
        onChange={(fields) => choose('pre-chat')(fields.join(','))}
      />
      {channels.length > 1 && <Select label="Channel" data={[...channels]} {...choice('channel')} />}
    </SimpleGrid>
  );
}

function CopyableCode({ code }: { code: string }) {
  return (
    <Group wrap="nowrap" align="flex-start">
      <Code block style={{ flex: 1, whiteSpace: 'pre-wrap' }}>
        {code}
      </Code>
      <CopyButton value={code}>
        {({ copied, copy }) => (
          <Button variant="default" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
