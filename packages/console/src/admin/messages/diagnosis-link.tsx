import { Anchor, Button } from '@mantine/core';
import type { DiagnosisLink } from '@mevrik/protocol';
import { Link } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { linkLabel } from './diagnosis-words.ts';

/** Pages that only administrators may open. */
const forAdmins: readonly DiagnosisLink['to'][] = ['app', 'bot', 'routing_rules', 'agents', 'webhook_events'];

/** A link of a diagnosis; not shown to those who may not open its page. */
export function DiagnosisLinkButton(props: { link: DiagnosisLink; appId: number; quiet?: boolean }) {
  const { link, appId, quiet = false } = props;
  const me = useMe();
  if (forAdmins.includes(link.to) && me.role !== 'admin') return null;
  const target = placeOf(link, appId) as object;
  return quiet ? (
    <Anchor component={Link} size="xs" {...target}>
      {linkLabel(link)}
    </Anchor>
  ) : (
    <Button component={Link} size="xs" variant="default" {...target}>
      {linkLabel(link)}
    </Button>
  );
}

function placeOf({ to, id }: DiagnosisLink, appId: number) {
  switch (to) {
    case 'event':
    case 'earlier_event':
      return { to: '/admin/events/$eventId', params: { eventId: id } };
    case 'message':
      return { to: '/admin/messages/$messageId', params: { messageId: id } };
    case 'conversation':
      return { to: '/desk/$sessionId', params: { sessionId: id } };
    case 'app':
    case 'bot':
    case 'routing_rules':
      return { to: '/admin/apps/$appId', params: { appId: String(appId) } };
    case 'deliveries':
      return { to: '/admin/deliveries', search: { messageId: id } };
    case 'dead_letters':
      return { to: '/admin/dead-letters', search: { eventId: id } };
    case 'channels':
      return { to: '/admin/channels' };
    case 'listeners':
      return { to: '/admin/listeners' };
    case 'webhook_events':
      return { to: '/admin/webhook-events' };
    case 'agents':
      return { to: '/admin/agents' };
  }
}
