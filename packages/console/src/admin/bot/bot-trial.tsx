import { Button, Card, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import type { BotTestResult, MessageContent } from '@mevrik/protocol';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';

type Choice = NonNullable<MessageContent['buttons'] | MessageContent['quickReplies']>[number];

/** What the customer sends; empty starts with the greeting. */
interface Input {
  readonly text?: string;
  readonly payload?: string;
  readonly file?: true;
}

interface Line {
  readonly by: 'bot' | 'note' | 'you';
  readonly text: string;
  readonly choices: readonly Choice[];
}

const recognizedAs: Readonly<Record<string, string>> = {
  answer: 'Recognized as a form answer',
  choice: 'Recognized as a menu choice',
  file: 'Recognized as a file without text',
  handover: 'Recognized as a request for an agent',
  intent: 'Recognized as intent',
  nothing: 'Not recognized',
};

/** A test conversation with the flow in the editor, saved or not. Nothing is stored. */
export function BotTrial({ flow }: { flow: string }) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [errorText, setErrorText] = useState<string>();
  const [turn, setTurn] = useState<BotTestResult>();
  const end = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls to the last line
  useEffect(() => {
    // Some browsers return a promise here, which must not become the effect's cleanup.
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [lines]);

  async function send(input: Input, shown?: string): Promise<void> {
    setErrorText(undefined);
    if (shown !== undefined) setLines((before) => [...before, { by: 'you', text: shown, choices: [] }]);
    try {
      const state = shown === undefined ? null : (turn?.state ?? null);
      const next = await api.rest.admin.testBot({ flow, state, ...input });
      setTurn(next);
      setLines((before) => [...(shown === undefined ? [] : before), ...linesOf(next)]);
    } catch (error) {
      setErrorText(errorMessage(error));
    }
  }
  const variables = { ...turn?.state?.answers, ...turn?.attributes };
  const last = lines.length - 1;
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between">
          <Title order={2}>Test</Title>
          <Button size="compact-sm" variant="default" onClick={() => void send({})}>
            {lines.length === 0 ? 'Start' : 'Restart'}
          </Button>
        </Group>
        <Stack gap={6} mih={160} mah={460} style={{ overflowY: 'auto' }} aria-live="polite" tabIndex={0}>
          {lines.length === 0 && (
            <Text size="sm" c="dimmed">
              Start with the greeting or send a message as a customer. The test uses the flow in the editor,
              saved or not.
            </Text>
          )}
          {lines.map((line, at) => (
            <TranscriptLine
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are only appended
              key={at}
              line={line}
              isLast={at === last}
              onChoose={(choice) =>
                void send({ text: choice.title, payload: payloadOf(choice) }, choice.title)
              }
            />
          ))}
          <div ref={end} />
        </Stack>
        <FormError text={errorText} />
        <MessageForm onSend={send} />
        <Variables values={variables} />
      </Stack>
    </Card>
  );
}

const payloadOf = (choice: Choice): string => ('payload' in choice && choice.payload) || choice.title;

function TranscriptLine(props: { line: Line; isLast: boolean; onChoose: (choice: Choice) => void }) {
  const { line, isLast, onChoose } = props;
  return (
    <div>
      {line.by === 'note' ? (
        <Text size="xs" c="dimmed" ta="center">
          {line.text}
        </Text>
      ) : (
        <Group justify={line.by === 'you' ? 'flex-end' : 'flex-start'}>
          <Card
            px="sm"
            py={6}
            radius="lg"
            withBorder={line.by === 'bot'}
            maw="85%"
            className={line.by === 'you' ? (classes.preview ?? '') : ''}
          >
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
              {line.text}
            </Text>
          </Card>
        </Group>
      )}
      {line.choices.length > 0 && (
        <Group gap={6} mt={6}>
          {line.choices.map((choice) => (
            <Button
              key={`${choice.title} ${payloadOf(choice)}`}
              size="compact-sm"
              variant="light"
              radius="xl"
              disabled={!isLast || ('url' in choice && choice.url !== undefined)}
              onClick={() => onChoose(choice)}
            >
              {choice.title}
            </Button>
          ))}
        </Group>
      )}
    </div>
  );
}

function MessageForm({ onSend }: { onSend: (input: Input, shown: string) => Promise<void> }) {
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const trimmed = text.trim();
        setText('');
        if (trimmed !== '') void onSend({ text: trimmed }, trimmed);
      }}
    >
      <Group wrap="nowrap">
        <TextInput
          style={{ flex: 1 }}
          aria-label="Customer message"
          placeholder="Write as a customer"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="light">
          Send
        </Button>
        <Button variant="default" onClick={() => void onSend({ file: true }, 'File without text')}>
          Send file
        </Button>
      </Group>
    </form>
  );
}

/** The answers and attributes that the bot has collected. */
function Variables({ values }: { values: Readonly<Record<string, unknown>> }) {
  if (Object.keys(values).length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>
        Collected values
      </Text>
      {Object.entries(values).map(([name, value]) => (
        <Text key={name} size="sm">
          {name} <Code>{String(value)}</Code>
        </Text>
      ))}
    </div>
  );
}

function linesOf({ interpretation, replies, handover }: BotTestResult): Line[] {
  const note = (text: string): Line => ({ by: 'note', text, choices: [] });
  const how =
    interpretation &&
    `${recognizedAs[interpretation.as] ?? interpretation.as}${interpretation.name ? ` “${interpretation.name}”` : ''}`;
  const wanted = [
    handover?.queue && `queue ${handover.queue}`,
    handover?.priority && `priority ${handover.priority}`,
    (handover?.skills?.length ?? 0) > 0 && `skills ${handover?.skills?.join(', ')}`,
  ].filter(Boolean);
  return [
    ...(how ? [note(how)] : []),
    ...replies.map(
      (reply): Line => ({
        by: 'bot',
        text: reply.text ?? '',
        choices: [...(reply.buttons ?? []), ...(reply.quickReplies ?? [])],
      }),
    ),
    ...(handover
      ? [
          note(
            `Handover to an agent${wanted.length > 0 ? ` (${wanted.join(', ')})` : ''}: ${handover.reason}`,
          ),
        ]
      : []),
  ];
}
