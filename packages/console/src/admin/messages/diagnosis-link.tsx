import { Anchor, Button } from '@mantine/core';
import type { DiagnosisLink } from '@mevrik/protocol';
import { Link } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';

/** What only administrators get to see. */
const forAdmins: readonly DiagnosisLink['to'][] = ['app', 'agents', 'webhook-events'];

/** Leads to something that an account speaks of, where one may look at it. */
export function AccountLinkButton(props: { link: DiagnosisLink; appId: number; quiet?: boolean }) {
  const { link, appId, quiet = false } = props;
  const me = useMe();
  if (forAdmins.includes(link.to) && me.role !== 'admin') return null;
  const target = placeOf(link, appId) as object;
  return quiet ? (
    <Anchor component={Link} size="xs" {...target}>
      {link.label}
    </Anchor>
  ) : (
    <Button component={Link} size="xs" variant="default" {...target}>
      {link.label}
    </Button>
  );
}

function placeOf({ to, id }: DiagnosisLink, appId: number) {
  switch (to) {
    case 'event':
      return { to: '/admin/events/$eventId', params: { eventId: id } };
    case 'message':
      return { to: '/admin/messages/$messageId', params: { messageId: id } };
    case 'conversation':
      return { to: '/desk/$sessionId', params: { sessionId: id } };
    case 'app':
      return { to: '/admin/apps/$appId', params: { appId: String(appId) } };
    case 'deliveries':
      return { to: '/admin/deliveries', search: { messageId: id } };
    case 'dead_letters':
      return { to: '/admin/dead-letters', search: { eventId: id } };
    case 'channels':
      return { to: '/admin/channels' };
    case 'listeners':
      return { to: '/admin/listeners' };
    case 'webhook-events':
      return { to: '/admin/webhook-events' };
    case 'agents':
      return { to: '/admin/agents' };
  }
}
