import { Anchor, Modal, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconDownload, IconFile } from '@tabler/icons-react';
import { useState } from 'react';
import { fileSize } from '../../shared/file-size.ts';
import type { Attachment } from '../../shared/sdk.ts';
import parts from '../parts.module.css';
import classes from './attachment.module.css';

/** Our own files are served from this origin, whatever host name the agent used. */
function addressOf({ fileId, url }: Attachment): string {
  if (fileId === undefined) return url;
  const { pathname, search } = new URL(url, location.href);
  return `${pathname}${search}`;
}

/** An attachment: images, video and audio inline, other files as a download link. */
export function AttachmentView({ file }: { file: Attachment }) {
  const [isBroken, setBroken] = useState(false);
  const address = addressOf(file);
  const name = file.name ?? 'File';
  if (file.problem) {
    return (
      <Text size="sm" c="dimmed" className={parts.line}>
        <IconAlertTriangle size={15} style={{ flexShrink: 0 }} /> {name}: {file.problem}
      </Text>
    );
  }
  if (file.type === 'image' && !isBroken) {
    return <Picture address={address} name={name} onBroken={() => setBroken(true)} />;
  }
  if (file.type === 'video' && !isBroken) {
    return (
      // biome-ignore lint/a11y/useMediaCaption: customers send none
      <video
        src={address}
        controls
        preload="metadata"
        className={classes.media}
        aria-label={name}
        onError={() => setBroken(true)}
      />
    );
  }
  if (file.type === 'audio' && !isBroken) {
    return (
      // biome-ignore lint/a11y/useMediaCaption: customers send none
      <audio
        src={address}
        controls
        preload="metadata"
        className={classes.audio}
        aria-label={name}
        onError={() => setBroken(true)}
      />
    );
  }
  return (
    <Anchor href={address} target="_blank" rel="noopener noreferrer" className={classes.download}>
      <IconFile size={18} aria-hidden />
      <span className={classes.downloadName}>{name}</span>
      {file.sizeBytes !== undefined && (
        <Text span size="xs" c="dimmed">
          {fileSize(file.sizeBytes)}
        </Text>
      )}
    </Anchor>
  );
}

function Picture(props: { address: string; name: string; onBroken: () => void }) {
  const { address, name, onBroken } = props;
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <UnstyledButton onClick={open} aria-label={`View ${name}`} className={classes.picture}>
        <img src={address} alt={name} onError={onBroken} />
      </UnstyledButton>
      <Modal
        opened={opened}
        onClose={close}
        size="auto"
        title={
          <Tooltip label="Open in a new tab">
            <Anchor href={address} target="_blank" rel="noopener noreferrer" className={parts.line}>
              <IconDownload size={16} aria-hidden /> {name}
            </Anchor>
          </Tooltip>
        }
      >
        <img src={address} alt={name} className={classes.lightbox} />
      </Modal>
    </>
  );
}
