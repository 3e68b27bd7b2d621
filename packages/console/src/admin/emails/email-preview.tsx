import { useQuery } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';

/** A mail as it came in, heads and all. */
export function MailStart({ id }: { id: number }) {
  const mail = useQuery({ queryKey: ['mail', id], queryFn: () => api.rest.mail(id) });
  if (mail.isPending) return <Loading />;
  if (mail.isError) return <Failure error={mail.error} onRetry={() => void mail.refetch()} />;
  return (
    <section aria-label={`Mail ${id}`}>
      <pre
        className={classes.json}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
      >
        {mail.data.start}
      </pre>
    </section>
  );
}
