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
import type { AppRecord, RoutingRule, RulesTestResult } from '@mevrik/protocol';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';
import { useChannelKinds } from '../shared/queries.ts';
import { ruleActions } from './rule-actions.ts';
import { type AttributeDraft, attributesOf, attributeTypes, newAttribute } from './trial-attributes.ts';

const verdictWords = {
  true: 'matches',
  false: 'does not match',
  failed: 'could not be evaluated, so it does not match',
};

/** Tests the rules in the editor against a message; nothing is stored. */
export function RuleTrial({ rules, app }: { rules: readonly RoutingRule[]; app: AppRecord }) {
  const [text, setText] = useState('I want my money back');
  const kinds = useChannelKinds();
  const [chosenKind, setChosenKind] = useState<string>();
  const kind = chosenKind ?? kinds.data?.items[0]?.kind ?? '';
  const [customer, setCustomer] = useState<CustomerDraft>({ verified: false, locale: 'en', attributes: [] });
  const [answer, setAnswer] = useState<RulesTestResult>();
  const [errorText, setErrorText] = useState<string>();
  async function test(): Promise<void> {
    setErrorText(undefined);
    try {
      const facts = {
        app: { id: app.id, name: app.name },
        channel: { name: kind, kind },
        message: { kind: 'text', text, payload: '' },
        session: { agentType: 'bot', path: 'bot' },
        customer: {
          verified: customer.verified,
          locale: customer.locale.trim(),
          attributes: attributesOf(customer.attributes),
        },
      };
      setAnswer(await api.rest.admin.testRoutingRules({ rules: [...rules], facts }));
    } catch (error) {
      setAnswer(undefined);
      setErrorText(errorMessage(error));
    }
  }
  return (
    <Card withBorder>
      <Stack>
        <Title order={2}>Test rules</Title>
        <Textarea
          label="Customer message"
          autosize
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Select
          label="Channel"
          data={(kinds.data?.items ?? []).map((one) => one.kind)}
          value={kind}
          onChange={(next) => next && setChosenKind(next)}
          allowDeselect={false}
        />
        <CustomerFields customer={customer} onChange={setCustomer} />
        <Button variant="light" disabled={!kind} onClick={() => void test()}>
          Test
        </Button>
        <FormError text={kinds.isError ? errorMessage(kinds.error) : errorText} />
        {answer && <RuleResult result={answer} />}
      </Stack>
    </Card>
  );
}

interface CustomerDraft {
  readonly verified: boolean;
  readonly locale: string;
  readonly attributes: readonly AttributeDraft[];
}

function CustomerFields(props: { customer: CustomerDraft; onChange: (customer: CustomerDraft) => void }) {
  const { customer, onChange } = props;
  const { verified, locale, attributes } = customer;
  const setAttributes = (next: readonly AttributeDraft[]) => onChange({ ...customer, attributes: next });
  return (
    <Fieldset legend="Customer" radius="md" variant="default">
      <Stack gap="sm">
        <Group align="flex-end">
          <TextInput
            label="Language"
            w={110}
            value={locale}
            onChange={(event) => onChange({ ...customer, locale: event.currentTarget.value })}
          />
          <Switch
            label="Verified by the app"
            mb={8}
            checked={verified}
            onChange={(event) => onChange({ ...customer, verified: event.currentTarget.checked })}
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
          Add attribute
        </Button>
      </Stack>
    </Fieldset>
  );
}

function RuleResult({ result }: { result: RulesTestResult }) {
  return (
    <Alert color="brand" title={`Rule “${result.rule}” applies`}>
      <Text size="sm">
        {ruleActions.find(({ value }) => value === result.action)?.label ?? result.action}
        {result.queue ? ` (queue “${result.queue}”)` : ''}.
      </Text>
      <List type="ordered" size="sm" mt="xs">
        {result.verdicts.map(({ rule, outcome }, at, all) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rules can share a name; their position identifies them
          <List.Item key={at}>
            {rule}:{' '}
            {outcome === 'true' && all.findIndex((one) => one.outcome === 'true') < at
              ? 'matches, but an earlier rule applies'
              : verdictWords[outcome]}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

/** An attribute of the test customer. It has a type because conditions distinguish `"10"` from `10`. */
function AttributeRow(props: {
  one: AttributeDraft;
  /** `undefined` removes the attribute. */
  onChange: (next: AttributeDraft | undefined) => void;
}) {
  const { one, onChange } = props;
  const label = one.name.trim() || 'attribute';
  return (
    <Group gap="xs" wrap="nowrap">
      <TextInput
        aria-label="Attribute name"
        placeholder="tier"
        style={{ flex: 1 }}
        value={one.name}
        onChange={(event) => onChange({ ...one, name: event.currentTarget.value })}
      />
      <Select
        aria-label={`Type of ${label}`}
        w={128}
        data={attributeTypes}
        value={one.type}
        onChange={(type) => type && onChange({ ...one, type })}
        allowDeselect={false}
      />
      {one.type === 'boolean' ? (
        <Switch
          aria-label={`Value of ${label}`}
          style={{ flex: 1 }}
          checked={one.value === 'true'}
          onChange={(event) => onChange({ ...one, value: String(event.currentTarget.checked) })}
        />
      ) : (
        <TextInput
          aria-label={`Value of ${label}`}
          placeholder={one.type === 'number' ? '10' : 'gold'}
          style={{ flex: 1 }}
          value={one.value}
          error={one.type === 'number' && one.value !== '' && !Number.isFinite(Number(one.value))}
          onChange={(event) => onChange({ ...one, value: event.currentTarget.value })}
        />
      )}
      <ActionIcon aria-label={`Remove ${label}`} color="red" onClick={() => onChange(undefined)}>
        <IconTrash size={16} />
      </ActionIcon>
    </Group>
  );
}
