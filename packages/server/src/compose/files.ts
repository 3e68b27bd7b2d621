import { join } from 'node:path';
import type { AppDirectory } from '../apps/app-directory.ts';
import { createDiskStore } from '../attachments/disk-store.ts';
import { createFileAddresses, type FileAddresses } from '../attachments/file-address.ts';
import type { FileStore } from '../attachments/file-store.ts';
import { createFiles, type Files } from '../attachments/files.ts';
import { createS3Store } from '../attachments/s3-store.ts';
import { readOrCreateSecret } from '../auth/secrets.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';

/** Attachments in `store`. `baseUrl` returns the public URL of this server. */
export async function composeFiles(
  config: Config,
  store: FileStore,
  { sql }: Database,
  apps: AppDirectory,
  baseUrl: () => string,
): Promise<{ files: Files; fileAddresses: FileAddresses }> {
  const fileAddresses = createFileAddresses({
    key: await readOrCreateSecret(sql, 'file-key'),
    baseUrl,
    validSeconds: config.ATTACHMENT_URL_HOURS * 3600,
  });
  const maxBytes = config.ATTACHMENT_MAX_BYTES;
  return { files: createFiles({ sql, apps, store, addresses: fileAddresses, maxBytes }), fileAddresses };
}

/** Where attachments and archived events are stored: on the disk, or in a bucket. */
export function fileStoreOf(config: Config): FileStore {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region } = config;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (endpoint === null || bucket === null || accessKeyId === null || secretAccessKey === null) {
    return createDiskStore(join(config.DATA_DIR, 'files'));
  }
  return createS3Store({ endpoint, region, bucket, accessKeyId, secretAccessKey });
}
