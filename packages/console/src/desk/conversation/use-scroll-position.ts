import { type RefObject, type UIEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Within this distance of the end, new messages scroll into view. */
const nearEndPx = 120;

/** What the list shows: its first and last entry, and its height in pixels. */
interface Extent {
  readonly oldest: number | undefined;
  readonly newest: string | undefined;
  readonly size: number;
}

/**
 * Keeps the scroll position of a message list: older messages loaded above do not move the view, and at the end new
 * messages scroll into view.
 */
export function useScrollPosition(
  scroll: RefObject<HTMLDivElement | null>,
  toEnd: () => void,
  now: Extent,
): { readonly isAtEnd: boolean; readonly onScroll: (event: UIEvent<HTMLDivElement>) => void } {
  const [isAtEnd, setAtEnd] = useState(true);
  const previous = useRef<Extent>({ ...now, size: 0 });

  useLayoutEffect(() => {
    const before = previous.current;
    previous.current = now;
    const hasNew = now.newest !== before.newest;
    const isOurs = hasNew && now.newest?.startsWith('outgoing');
    if (before.size === 0 || isOurs || (hasNew && isAtEnd)) {
      toEnd();
      requestAnimationFrame(toEnd);
    } else if (now.oldest !== before.oldest && scroll.current) {
      scroll.current.scrollTop += now.size - before.size;
    } else if (isAtEnd && now.size !== before.size) toEnd();
  });

  // Stay at the end while the composer below changes its height.
  const stay = useRef(() => {});
  stay.current = () => {
    if (isAtEnd) toEnd();
  };
  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const observer = new ResizeObserver(() => stay.current());
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroll]);

  return {
    isAtEnd,
    onScroll: ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
      setAtEnd(scrollHeight - scrollTop - clientHeight < nearEndPx),
  };
}
