import {
  ActionIcon,
  Alert,
  Button,
  Card,
  Fieldset,
  Group,
  List,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';
import type { AppRow } from '../shared/api-types.ts';
import { actions, type Rule } from './rule.ts';
import { type AttributeDraft, attributesOf, attributeTypes, newAttribute } from './trial-attributes.ts';

const verdictWords = {
  true: 'true: it decides',
  false: 'not true of it',
  failed: 'cannot be asked of it, which counts as not true',
};

/** Says what the rules would do with a message; nothing is changed. */
export function RuleTrial({ rules, app }: { rules: readonly Rule[]; app: AppRow }) {
  const [text, setText] = useState('I want my money back');
  const [kind, setKind] = useState('web');
  const [verified, setVerified] = useState(false);
  const [locale, setLocale] = useState('en');
  const [attributes, setAttributes] = useState<readonly AttributeDraft[]>([]);
  const [answer, setAnswer] = useState<{
    rule?: string;
    action?: string;
    queue?: string;
    verdicts?: readonly { readonly rule: string; readonly outcome: keyof typeof verdictWords }[];
  }>();
  const [fault, setFault] = useState<string>();
  async function tryIt(): Promise<void> {
    setFault(undefined);
    try {
      const facts = {
        app: { id: app.id, name: app.name },
        channel: { name: kind, kind },
        message: { kind: 'text', text, payload: '' },
        session: { agentType: 'bot', path: 'bot' },
        customer: { verified, locale: locale.trim(), attributes: attributesOf(attributes) },
      };
      setAnswer(await api.call('POST', '/v1/admin/rules/test', { body: { rules, facts } }));
    } catch (error) {
      setAnswer(undefined);
      setFault(errorMessage(error));
    }
  }
  return (
    <Card withBorder>
      <Stack>
        <Title order={2}>Try them</Title>
        <Textarea
          label="A customer writes"
          autosize
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Select
          label="On"
          data={['web', 'facebook', 'instagram', 'whatsapp', 'telegram', 'email', 'api']}
          value={kind}
          onChange={(next) => next && setKind(next)}
          allowDeselect={false}
        />
        <Fieldset legend="The customer" radius="md" variant="default">
          <Stack gap="sm">
            <Group align="flex-end">
              <TextInput
                label="Language"
                w={110}
                value={locale}
                onChange={(event) => setLocale(event.currentTarget.value)}
              />
              <Switch
                label="Verified by the app"
                mb={8}
                checked={verified}
                onChange={(event) => setVerified(event.currentTarget.checked)}
              />
            </Group>
            {attributes.map((one) => (
              <AttributeRow
                key={one.id}
                one={one}
                onChange={(next) =>
                  setAttributes(attributes.flatMap((other) => (other.id === one.id ? (next ?? []) : other)))
                }
              />
            ))}
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPlus size={14} />}
              style={{ alignSelf: 'flex-start' }}
              onClick={() => setAttributes([...attributes, newAttribute()])}
            >
              Add an attribute
            </Button>
          </Stack>
        </Fieldset>
        <Button variant="light" onClick={() => void tryIt()}>
          What would happen?
        </Button>
        <FormError text={fault} />
        {answer && (
          <Alert color="brand" title={`Rule “${answer.rule ?? 'none'}” decides`}>
            <Text size="sm">
              {actions.find(({ value }) => value === answer.action)?.label ?? answer.action}
              {answer.queue ? ` in “${answer.queue}”` : ''}.
            </Text>
            <List type="ordered" size="sm" mt="xs">
              {(answer.verdicts ?? []).map(({ rule, outcome }, at, all) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rules may share a name; they are told by their place
                <List.Item key={at}>
                  {rule}:{' '}
                  {outcome === 'true' && all.findIndex((one) => one.outcome === 'true') < at
                    ? 'true, but one before it decides'
                    : verdictWords[outcome]}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
      </Stack>
    </Card>
  );
}

/** An attribute of the customer whom the rules are tried on; conditions tell `"10"` from `10`, hence its type. */
function AttributeRow(props: {
  one: AttributeDraft;
  /** `undefined` takes it away. */
  onChange: (next: AttributeDraft | undefined) => void;
}) {
  const { one, onChange } = props;
  const named = one.name.trim() || 'the attribute';
  return (
    <Group gap="xs" wrap="nowrap">
      <TextInput
        aria-label="Name of the attribute"
        placeholder="tier"
        style={{ flex: 1 }}
        value={one.name}
        onChange={(event) => onChange({ ...one, name: event.currentTarget.value })}
      />
      <Select
        aria-label={`Type of ${named}`}
        w={128}
        data={attributeTypes}
        value={one.type}
        onChange={(type) => type && onChange({ ...one, type: type as AttributeDraft['type'] })}
        allowDeselect={false}
      />
      {one.type === 'boolean' ? (
        <Switch
          aria-label={`Value of ${named}`}
          style={{ flex: 1 }}
          checked={one.value === 'true'}
          onChange={(event) => onChange({ ...one, value: String(event.currentTarget.checked) })}
        />
      ) : (
        <TextInput
          aria-label={`Value of ${named}`}
          placeholder={one.type === 'number' ? '10' : 'gold'}
          style={{ flex: 1 }}
          value={one.value}
          error={one.type === 'number' && one.value !== '' && !Number.isFinite(Number(one.value))}
          onChange={(event) => onChange({ ...one, value: event.currentTarget.value })}
        />
      )}
      <ActionIcon aria-label={`Take ${named} away`} color="red" onClick={() => onChange(undefined)}>
        <IconTrash size={16} />
      </ActionIcon>
    </Group>
  );
}
