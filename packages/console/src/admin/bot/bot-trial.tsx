import { Button, Card, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';

interface Choice {
  readonly title: string;
  /** Where it leads instead of saying something. */
  readonly url?: string;
  readonly payload?: string;
}

/** What a flow does in its turn. */
interface Turn {
  readonly state: { readonly answers?: Readonly<Record<string, unknown>> } | null;
  readonly replies: readonly {
    readonly text?: string;
    readonly buttons?: readonly Choice[];
    readonly quickReplies?: readonly Choice[];
  }[];
  readonly handover: {
    readonly queue?: string;
    readonly priority?: string;
    readonly skills?: readonly string[];
    readonly reason: string;
  } | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What the bot took it for; `null` for the greeting. */
  readonly heard: { readonly as: string; readonly name?: string } | null;
}

interface Line {
  readonly by: 'bot' | 'note' | 'you';
  readonly text: string;
  readonly choices: readonly Choice[];
}

const heardAs: Readonly<Record<string, string>> = {
  answer: 'taken for an answer to the form',
  choice: 'taken for a choice of the menu',
  file: 'taken for a file without words',
  handover: 'taken for the wish for a person',
  intent: 'taken for the intent',
  nothing: 'not understood',
};

/** A conversation with the flow as it stands in the editor; nothing is stored, and nothing has to be saved. */
export function BotTrial({ flow }: { flow: string }) {
  const [said, setSaid] = useState<readonly Line[]>([]);
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string>();
  const [turn, setTurn] = useState<Turn>();
  const end = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was said last is shown
  useEffect(() => {
    // It returns a promise in some browsers, which is nothing to clean up with.
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [said]);

  async function take(
    input: { text?: string; payload?: string; file?: true },
    shown?: string,
  ): Promise<void> {
    setFault(undefined);
    if (shown !== undefined) setSaid((before) => [...before, { by: 'you', text: shown, choices: [] }]);
    try {
      const state = shown === undefined ? null : (turn?.state ?? null);
      const next = await api.call<Turn>('POST', '/v1/admin/bot/test', { body: { flow, state, ...input } });
      setTurn(next);
      setSaid((before) => [...(shown === undefined ? [] : before), ...linesOf(next)]);
    } catch (error) {
      setFault(errorMessage(error));
    }
  }
  const variables = { ...turn?.state?.answers, ...turn?.attributes };
  const last = said.length - 1;
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between">
          <Title order={2}>Try it</Title>
          <Button size="compact-sm" variant="default" onClick={() => void take({})}>
            {said.length === 0 ? 'Begin' : 'Begin anew'}
          </Button>
        </Group>
        <Stack gap={6} mih={160} mah={460} style={{ overflowY: 'auto' }} aria-live="polite" tabIndex={0}>
          {said.length === 0 && (
            <Text size="sm" c="dimmed">
              Begin with the greeting, or say something, as a customer would. It is the flow as it stands
              here, saved or not.
            </Text>
          )}
          {said.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: what was said stays where it is
            <div key={at}>
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
                      key={`${choice.title} ${choice.payload}`}
                      size="compact-sm"
                      variant="light"
                      radius="xl"
                      disabled={at !== last || choice.url !== undefined}
                      onClick={() =>
                        void take(
                          { text: choice.title, payload: choice.payload ?? choice.title },
                          choice.title,
                        )
                      }
                    >
                      {choice.title}
                    </Button>
                  ))}
                </Group>
              )}
            </div>
          ))}
          <div ref={end} />
        </Stack>
        <FormError text={fault} />
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const words = text.trim();
            setText('');
            if (words !== '') void take({ text: words }, words);
          }}
        >
          <Group wrap="nowrap">
            <TextInput
              style={{ flex: 1 }}
              aria-label="What the customer says"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Button type="submit" variant="light">
              Say it
            </Button>
            <Button variant="default" onClick={() => void take({ file: true }, 'A file, without words')}>
              Send a file
            </Button>
          </Group>
        </form>
        {Object.keys(variables).length > 0 && (
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              What the bot knows by now
            </Text>
            {Object.entries(variables).map(([name, value]) => (
              <Text key={name} size="sm">
                {name} <Code>{String(value)}</Code>
              </Text>
            ))}
          </div>
        )}
      </Stack>
    </Card>
  );
}

function linesOf({ heard, replies, handover }: Turn): Line[] {
  const note = (text: string): Line => ({ by: 'note', text, choices: [] });
  const how = heard && `${heardAs[heard.as] ?? heard.as}${heard.name ? ` “${heard.name}”` : ''}`;
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
      ? [note(`It goes to a person${wanted.length > 0 ? ` (${wanted.join(', ')})` : ''}: ${handover.reason}`)]
      : []),
  ];
}
