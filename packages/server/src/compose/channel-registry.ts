import { readOrCreateSecret } from '../auth/secrets.ts';
import { createSmtpSender } from '../channels/email/smtp-sender.ts';
import { type ChannelRegistry, createChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { CreateAdapters } from './channels.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of `composeChannelRegistry`. */
export interface RegistryPartDeps {
  readonly config: Config;
  readonly database: Database;
  readonly teardown: Teardown;
  readonly createAdapters: CreateAdapters;
}

/** The registry of channels, and the key with which the email channel signs. */
export interface RegistryPart {
  readonly channels: ChannelRegistry;
  readonly emailKey: Buffer;
}

/** Makes the adapters of all kinds of channel with their services. */
export async function composeChannelRegistry(deps: RegistryPartDeps): Promise<RegistryPart> {
  const { config, database, teardown, createAdapters } = deps;
  const emailKey = await readOrCreateSecret(database.sql, 'email-key');
  const sender = createSmtpSender();
  teardown.add('the connections to SMTP servers', async () => sender.close());
  const adapters = createAdapters({
    config,
    email: { signingKey: emailKey, sender },
  });
  return { channels: createChannelRegistry(adapters), emailKey };
}
