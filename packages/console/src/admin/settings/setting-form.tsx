import { Collapse, Fieldset, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import type { SettingGroup } from '@mevrik/protocol';
import { type Draft, type FormErrors, isOpen, type SettingValues, withGroup } from './setting-draft.ts';
import { SettingInput } from './setting-input.tsx';

/** The props of a settings form. */
export interface SettingFormProps {
  readonly groups: readonly SettingGroup[];
  readonly stored: SettingValues;
  /** The paths of secrets that are set. */
  readonly secrets?: readonly string[];
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly errors: FormErrors;
}

/** A settings form built from the server's description of the settings. */
export function SettingForm(props: SettingFormProps) {
  return (
    <Stack gap="lg">
      {props.groups.map((group) =>
        group.path === '' ? (
          <GroupFields key="top" group={group} {...props} />
        ) : (
          <SettingsGroup key={group.path} group={group} {...props} />
        ),
      )}
    </Stack>
  );
}

function SettingsGroup({ group, ...props }: SettingFormProps & { group: SettingGroup }) {
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
            <GroupFields group={group} {...props} />
          </div>
        )}
      </Collapse>
    </Fieldset>
  );
}

function GroupFields({ group, ...props }: SettingFormProps & { group: SettingGroup }) {
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
