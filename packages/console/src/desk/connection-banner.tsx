import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ConnectionState } from '../shared/sdk.ts';
import classes from './banner.module.css';

/** Short cuts are not worth a banner; the first connection gets more time. */
const patienceMs = 1_500;
const firstPatienceMs = 5_000;
/** How long the "back online" banner stays. */
const relievedMs = 3_000;

/** Shows that the connection is down, and briefly when it is back. */
export function ConnectionBanner({ state }: { state: ConnectionState }) {
  const [shown, setShown] = useState<'back' | 'cut' | 'none'>('none');
  const wasCut = useRef(false);
  const wasThere = useRef(false);
  // Attempts to reconnect begin and fail; that does not restart the timer.
  const connected = state === 'connected';
  useEffect(() => {
    const show = (next: 'back' | 'cut' | 'none') => {
      wasCut.current = next === 'cut';
      setShown(next);
    };
    if (!connected) {
      const timer = setTimeout(() => show('cut'), wasThere.current ? patienceMs : firstPatienceMs);
      return () => clearTimeout(timer);
    }
    wasThere.current = true;
    if (!wasCut.current) return;
    show('back');
    const timer = setTimeout(() => show('none'), relievedMs);
    return () => clearTimeout(timer);
  }, [connected]);
  if (shown === 'none') return null;
  if (shown === 'back') {
    return (
      <div className={`${classes.banner} ${classes.found}`} role="status">
        Back online. Everything is up to date.
      </div>
    );
  }
  return (
    <div className={`${classes.banner} ${state === 'closed' ? classes.lost : ''}`} role="status">
      {state === 'closed' ? (
        <>
          This page can’t connect to the server.{' '}
          <Button size="compact-xs" variant="default" onClick={() => location.reload()}>
            Reload
          </Button>
        </>
      ) : (
        'No connection. Your replies are saved and will be sent when you’re back online.'
      )}
    </div>
  );
}
