import { ActionIcon, Progress, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconFile, IconX } from '@tabler/icons-react';
import { fileSize } from '../../shared/file-size.ts';
import classes from './composer.module.css';
import { type FileUpload, uploads } from './uploads.ts';

/** The attachments of the unsent reply, with upload progress. */
export function ComposerAttachments({ files }: { files: readonly FileUpload[] }) {
  if (files.length === 0) return null;
  return (
    <ul className={classes.files} aria-label="Attachments">
      {files.map((file) => (
        <li key={file.id} className={`${classes.file} ${file.error ? classes.fileError : ''}`}>
          {file.error ? (
            <IconAlertTriangle size={20} aria-hidden />
          ) : file.previewUrl ? (
            <img src={file.previewUrl} alt="" className={classes.fileThumb} />
          ) : (
            <IconFile size={20} aria-hidden />
          )}
          <div style={{ minWidth: 0, flex: 1 }}>
            <Text size="xs" fw={550} truncate>
              {file.name}
            </Text>
            {file.error ? (
              <Tooltip label={file.error}>
                <Text size="xs" truncate role="alert">
                  {file.error}
                </Text>
              </Tooltip>
            ) : file.attachment ? (
              <Text size="xs" c="dimmed">
                {fileSize(file.sizeBytes)}
              </Text>
            ) : (
              <Progress
                size="sm"
                mt={5}
                value={file.progress * 100}
                animated={file.progress === 1}
                aria-label={`Uploading ${file.name}`}
              />
            )}
          </div>
          <ActionIcon size="sm" aria-label={`Remove ${file.name}`} onClick={() => uploads.remove(file.id)}>
            <IconX size={14} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}
