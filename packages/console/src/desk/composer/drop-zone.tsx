import { IconFileUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import classes from '../conversation/conversation.module.css';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** Accepts files dropped anywhere on the surrounding conversation. */
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
    // dragenter and dragleave also fire for child elements, so count them.
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

/** Stops the browser from opening a file that is dropped outside of the conversation. */
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
