import { IconFileUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import classes from '../conversation/conversation.module.css';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** Takes files that are dropped anywhere on the conversation that it stands in. */
export function DropZone(props: { takesFiles: boolean; onFiles: (files: readonly File[]) => void }) {
  const { takesFiles, onFiles } = props;
  const mark = useRef<HTMLSpanElement>(null);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  const [zone, setZone] = useState<HTMLElement>();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const section = mark.current?.closest('section');
    if (!section) return;
    setZone(section);
    // What is entered and left are its parts, too: it is left when as many were left as were entered.
    let entered = 0;
    const count = (by: number) => {
      entered = by === 0 ? 0 : entered + by;
      setOver(entered > 0);
    };
    const controller = new AbortController();
    const on = (name: 'dragenter' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
      section.addEventListener(name, (event) => hasFiles(event) && act(event), { signal: controller.signal });
    on('dragenter', () => count(1));
    on('dragleave', () => count(-1));
    on('drop', ({ dataTransfer }) => {
      count(0);
      latest.current([...(dataTransfer?.files ?? [])]);
    });
    return () => controller.abort();
  }, []);
  return (
    <>
      <span ref={mark} hidden />
      {isOver &&
        zone &&
        createPortal(
          <div className={classes.drop} role="status">
            <IconFileUpload size={34} stroke={1.4} aria-hidden />
            {takesFiles ? 'Drop files here to attach them' : 'This channel doesn’t support attachments'}
          </div>,
          zone,
        )}
    </>
  );
}

/** A file that misses the conversation must not take the place of the page. */
export function usePreventFileDrops(): void {
  useEffect(() => {
    const controller = new AbortController();
    const stay = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    for (const name of ['dragover', 'drop'] as const)
      window.addEventListener(name, stay, { signal: controller.signal });
    return () => controller.abort();
  }, []);
}
