import { useQuery } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';

/** The beginning of an email as it was received, with its headers. */
export function EmailSource({ id }: { id: number }) {
  const email = useQuery({ queryKey: ['email', id], queryFn: () => api.rest.admin.email(id) });
  if (email.isPending) return <Loading />;
  if (email.isError) return <Failure error={email.error} onRetry={() => void email.refetch()} />;
  return (
    <section aria-label={`Email ${id}`}>
      <pre
        className={classes.json}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be scrolled with the keyboard
        tabIndex={0}
      >
        {email.data.start}
      </pre>
    </section>
  );
}
