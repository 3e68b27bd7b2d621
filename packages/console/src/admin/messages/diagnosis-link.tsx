import type { DiagnosisLink } from '@mevrik/protocol';
import { linkOptions } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { AnchorLink, ButtonLink } from '../../shared/links.tsx';
import { linkLabel } from './diagnosis-words.ts';

/** Pages that only administrators may open. */
const forAdmins: readonly DiagnosisLink['to'][] = ['app', 'bot', 'routing_rules', 'agents', 'webhook_events'];

/** A link of a diagnosis; not shown to those who may not open its page. */
export function DiagnosisLinkButton(props: { link: DiagnosisLink; appId: number; quiet?: boolean }) {
  const { link, appId, quiet = false } = props;
  const me = useMe();
  if (forAdmins.includes(link.to) && me.role !== 'admin') return null;
  const target = pageOf(link, appId);
  return quiet ? (
    <AnchorLink size="xs" {...target}>
      {linkLabel(link)}
    </AnchorLink>
  ) : (
    <ButtonLink size="xs" variant="default" {...target}>
      {linkLabel(link)}
    </ButtonLink>
  );
}

/** The page that a link of a diagnosis opens. */
function pageOf(link: DiagnosisLink, appId: number) {
  const id = link.id ?? '';
  switch (link.to) {
    case 'event':
    case 'earlier_event':
      return linkOptions({ to: '/admin/events/$eventId', params: { eventId: id } });
    case 'archive': {
      // An event is raised moments before or after its message is stored.
      const [from, until] = [-60_000, 60_000].map((ms) => new Date(Date.parse(id) + ms).toISOString());
      return linkOptions({ to: '/admin/events/archive', search: { appId: String(appId), from, until } });
    }
    case 'message':
      return linkOptions({ to: '/admin/messages/$messageId', params: { messageId: id } });
    case 'conversation':
      return linkOptions({ to: '/desk/$sessionId', params: { sessionId: id } });
    case 'app':
    case 'bot':
    case 'routing_rules':
      return linkOptions({ to: '/admin/apps/$appId', params: { appId: String(appId) } });
    case 'deliveries':
      return linkOptions({ to: '/admin/deliveries', search: { messageId: id } });
    case 'dead_letters':
      return linkOptions({ to: '/admin/dead-letters' });
    case 'channels':
      return linkOptions({ to: '/admin/channels' });
    case 'listeners':
      return linkOptions({ to: '/admin/listeners' });
    case 'webhook_events':
      return linkOptions({ to: '/admin/webhook-events' });
    case 'agents':
      return linkOptions({ to: '/admin/agents' });
  }
}
