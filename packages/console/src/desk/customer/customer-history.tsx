import { Badge, Collapse, Group, Text, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import type { CustomerOverview, StaffApp } from '../../shared/sdk.ts';
import { Ago } from '../../shared/time.tsx';
import classes from './customer.module.css';
import { CustomerSection } from './customer-section.tsx';

type PastCase = CustomerOverview['cases'][number];

/** The customer's cases and earlier sessions. */
export function CustomerHistory(props: {
  cases: CustomerOverview['cases'];
  sessions: CustomerOverview['sessions'];
  /** The session that is open, which is left out. */
  sessionId: number;
  app: StaffApp | undefined;
}) {
  const { cases, sessions, sessionId, app } = props;
  const earlier = sessions.filter(({ id }) => id !== sessionId);
  return (
    <>
      <CustomerSection title="Cases">
        {cases.length === 0 && (
          <Text size="sm" c="dimmed">
            No cases yet
          </Text>
        )}
        {cases.map((one) => (
          <CaseLine key={one.id} found={one} app={app} />
        ))}
      </CustomerSection>
      <CustomerSection title="Earlier sessions">
        {earlier.length === 0 && (
          <Text size="sm" c="dimmed">
            No earlier sessions
          </Text>
        )}
        {earlier.map((one) => (
          <Link
            key={one.id}
            to="/desk/$sessionId"
            params={{ sessionId: String(one.id) }}
            search
            className={classes.historyLink}
          >
            <ChannelIcon
              kind={app?.channels.find(({ name }) => name === one.channel)?.kind ?? one.channel}
              name={one.channel}
            />
            <Text size="sm" flex={1}>
              Session #{one.id}
            </Text>
            <Ago at={one.createdAt} />
          </Link>
        ))}
      </CustomerSection>
    </>
  );
}

/** A case; its outcome fields expand on request. */
function CaseLine({ found, app }: { found: PastCase; app: StaffApp | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const outcome = Object.entries(found.dispositionFields);
  const fields = app?.dispositions.find(({ name }) => name === found.disposition)?.fields ?? [];
  const line = (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Text size="sm" truncate miw={0} flex={1}>
        {outcome.length > 0 && (
          <IconChevronRight size={13} className={isOpen ? classes.turned : ''} aria-hidden />
        )}
        #{found.id} {found.disposition ?? found.subject ?? ''}
      </Text>
      <Group gap={6} wrap="nowrap">
        <Badge size="xs" style={{ flexShrink: 0 }} color={found.status === 'open' ? 'brand' : 'gray'}>
          {found.status === 'open' ? 'Open' : 'Closed'}
        </Badge>
        <Ago at={found.createdAt} />
      </Group>
    </Group>
  );
  if (outcome.length === 0) return line;
  return (
    <div>
      <UnstyledButton w="100%" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {line}
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <dl className={classes.outcome}>
          {outcome.map(([name, value]) => (
            <div key={name}>
              <dt>{fields.find((one) => one.name === name)?.label ?? name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Collapse>
    </div>
  );
}
