import { Group, Kbd, SimpleGrid, Stack, Switch, Text, Title } from '@mantine/core';
import { deskActions } from './desk-actions.ts';
import { shortcutsAreOn } from './use-shortcuts.ts';

const groups = [
  ['Lists', ['next', 'previous', 'mine', 'queue', 'all', 'search', 'overdue']],
  ['Conversation', ['accept', 'reply', 'note', 'transfer', 'bot', 'close', 'panel', 'edit', 'merge']],
] as const;
const inFields = [
  [['Enter'], 'Send'],
  [['Shift', 'Enter'], 'New line'],
  [['/'], 'Insert a canned reply'],
  [['Esc'], 'Leave the text field'],
] as const;
const anywhere = [
  [['Ctrl', 'K'], 'Open the command palette'],
  [['?'], 'Show keyboard shortcuts'],
] as const;

/** All keyboard shortcuts, and the switch that turns single-key shortcuts on and off. */
export function ShortcutList() {
  const areOn = shortcutsAreOn.use();
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xl">
        {groups.map(([title, actions]) => (
          <Keys
            key={title}
            title={title}
            keys={actions.map((action) => [[deskActions[action].key], deskActions[action].label])}
          />
        ))}
        <Keys title="While writing" keys={inFields} />
        <Keys title="Anywhere" keys={anywhere} />
      </SimpleGrid>
      <Switch
        mt="lg"
        label="Single-key shortcuts"
        description="Turn this off if you use dictation or trigger shortcuts by accident."
        checked={areOn}
        onChange={(event) => shortcutsAreOn.set(event.currentTarget.checked)}
      />
    </>
  );
}

function Keys(props: {
  title: string;
  keys: readonly (readonly [keys: readonly string[], meaning: string])[];
}) {
  return (
    <Stack gap={8}>
      <Title order={3}>{props.title}</Title>
      {props.keys.map(([keys, meaning]) => (
        <Group key={meaning} justify="space-between" wrap="nowrap" gap="md">
          <Text size="sm">{meaning}</Text>
          <Group gap={4} wrap="nowrap">
            {keys.map((key) => (
              <Kbd key={key} size="xs">
                {key}
              </Kbd>
            ))}
          </Group>
        </Group>
      ))}
    </Stack>
  );
}
