import { Collapse, Fieldset, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import type { SettingGroup } from '@mevrik/protocol';
import { type Draft, type Faults, isOpen, type Settings, withGroup } from './setting-draft.ts';
import { SettingInput } from './setting-input.tsx';

/** What a form of settings is made of. */
export interface SettingFormProps {
  readonly groups: readonly SettingGroup[];
  readonly stored: Settings;
  /** The paths of secrets that are set. */
  readonly secrets?: readonly string[];
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly faults: Faults;
}

/** A form of settings, made of what the server says of them. */
export function SettingForm(props: SettingFormProps) {
  return (
    <Stack gap="lg">
      {props.groups.map((group) =>
        group.path === '' ? (
          <Fields key="top" group={group} {...props} />
        ) : (
          <Group key={group.path} group={group} {...props} />
        ),
      )}
    </Stack>
  );
}

function Group({ group, ...props }: SettingFormProps & { group: SettingGroup }) {
  const { path, title, help, isOptional } = group;
  const { stored, draft, onDraft } = props;
  const open = isOpen(group, stored, draft);
  const name = title ?? path;
  return (
    <Fieldset
      legend={isOptional ? undefined : name}
      aria-label={isOptional ? name : undefined}
      radius="md"
      variant="default"
    >
      {isOptional && (
        <Switch
          label={name}
          description={help}
          checked={open}
          onChange={(event) => onDraft(withGroup(draft, path, event.currentTarget.checked, stored))}
        />
      )}
      {!isOptional && help && (
        <Text size="sm" c="dimmed" mb="sm">
          {help}
        </Text>
      )}
      <Collapse expanded={open} transitionDuration={120}>
        {open && (
          <div style={isOptional ? { paddingTop: 16 } : undefined}>
            <Fields group={group} {...props} />
          </div>
        )}
      </Collapse>
    </Fieldset>
  );
}

function Fields({ group, ...props }: SettingFormProps & { group: SettingGroup }) {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing="md" style={{ alignItems: 'end' }}>
      {group.fields.map((field) => (
        <div
          key={field.path}
          style={field.isLong || field.type === 'json' ? { gridColumn: '1 / -1' } : undefined}
        >
          <SettingInput field={field} {...props} />
        </div>
      ))}
    </SimpleGrid>
  );
}
