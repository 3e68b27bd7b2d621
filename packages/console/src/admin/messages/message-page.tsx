import { Button, Card, Group, Paper, Stack, Text, ThemeIcon, Timeline, Title } from '@mantine/core';
import type { DiagnosisStep, DiagnosisTone, FoundMessage, Verdict } from '@mevrik/protocol';
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconCheck,
  IconClock,
  IconInfoCircle,
  IconMinus,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { Failure, Loading } from '../../shared/states.tsx';
import { exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { DiagnosisLinkButton } from './diagnosis-link.tsx';
import { verdictWords } from './diagnosis-words.ts';
import { stepWords } from './step-words.ts';

const colors: Readonly<Record<DiagnosisTone, string>> = {
  good: 'teal',
  waiting: 'yellow',
  bad: 'red',
  plain: 'gray',
};
const icons = { good: IconCheck, waiting: IconClock, bad: IconAlertTriangle, plain: IconMinus };

/** The diagnosis of a message: why it was or was not answered, what to do, and its history. */
export function MessagePage() {
  const { messageId } = useParams({ from: '/admin/messages/$messageId' });
  const diagnosis = useQuery({
    queryKey: ['message', messageId],
    meta: { live: ['activity'] },
    queryFn: () => api.rest.admin.diagnosis(Number(messageId)),
  });
  if (diagnosis.isPending) return <Loading />;
  if (diagnosis.isError) return <Failure error={diagnosis.error} onRetry={() => void diagnosis.refetch()} />;
  const { message, verdict, steps } = diagnosis.data;
  return (
    <AdminPage
      title={`Message ${message.id}`}
      about={<About message={message} />}
      actions={
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowLeft size={15} />}
          onClick={() => history.back()}
        >
          Back
        </Button>
      }
    >
      <Card withBorder>
        <Text style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} lineClamp={8}>
          {message.text ?? `(${message.kind.replaceAll('_', ' ')})`}
        </Text>
      </Card>
      <VerdictPanel verdict={verdict} appId={message.appId} />
      <Card withBorder>
        <Title order={2} mb="lg">
          History
        </Title>
        <Timeline bulletSize={26} lineWidth={2}>
          {steps.map((step, index) => (
            // Steps are in a fixed order, and new ones are appended.
            // biome-ignore lint/suspicious/noArrayIndexKey: a step has no id of its own
            <Step key={`${index} ${step.code}`} step={step} appId={message.appId} />
          ))}
        </Timeline>
      </Card>
    </AdminPage>
  );
}

function About({ message }: { message: FoundMessage }) {
  const { customer, sender, isReply, channel, channelKind, appName, createdAt } = message;
  const who = customer.name ?? `Customer #${customer.id}`;
  return (
    <Group gap={6} component="span" wrap="nowrap">
      <ChannelIcon kind={channelKind} name={channel} size={15} />
      <span>
        {isReply ? `${sender.name ?? `The ${sender.type}`} to ${who}` : who}, {exactTime(createdAt)}, on{' '}
        {channel} of {appName}
      </span>
    </Group>
  );
}

function VerdictPanel({ verdict, appId }: { verdict: Verdict; appId: number }) {
  const { tone, links } = verdict;
  const { sentence, advice } = verdictWords(verdict);
  const Icon = tone === 'plain' ? IconInfoCircle : icons[tone];
  return (
    <Paper withBorder p="lg" className={classes.verdict} data-tone={tone} role="status">
      <Group align="flex-start" wrap="nowrap" gap="md">
        <ThemeIcon color={colors[tone]} variant="light" radius="xl" size={42}>
          <Icon size={23} />
        </ThemeIcon>
        <Stack gap={8}>
          <Text fz={17} fw={600} lh={1.45} maw={900}>
            {sentence}
          </Text>
          {advice && (
            <Text size="sm" maw={900}>
              <b>What to do:</b> {advice}
            </Text>
          )}
          {links.length > 0 && (
            <Group gap="xs" mt={4}>
              {links.map((one) => (
                <DiagnosisLinkButton key={`${one.to} ${one.id}`} link={one} appId={appId} />
              ))}
            </Group>
          )}
        </Stack>
      </Group>
    </Paper>
  );
}

function Step({ step, appId, ...passed }: { step: DiagnosisStep; appId: number }) {
  const { at, tone, link } = step;
  const { title, detail } = stepWords(step);
  const Icon = icons[tone];
  return (
    <Timeline.Item
      {...passed}
      bullet={
        <ThemeIcon color={colors[tone]} variant={tone === 'plain' ? 'light' : 'filled'} radius="xl" size={26}>
          <Icon size={15} />
        </ThemeIcon>
      }
      title={
        <Text size="sm" fw={600}>
          {title}
        </Text>
      }
    >
      <Group gap={8}>
        <Text size="xs" c="dimmed">
          {at === null ? 'now' : exactTime(at)}
        </Text>
        {link && <DiagnosisLinkButton link={link} appId={appId} quiet />}
      </Group>
      {detail && (
        <Text size="sm" mt={2} maw={900} style={{ overflowWrap: 'anywhere' }}>
          {detail}
        </Text>
      )}
    </Timeline.Item>
  );
}
