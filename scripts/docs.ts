// Generates the reference pages from the code that they describe; with --check it only reports the outdated
// ones.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import {
  catalogue,
  definitionOf,
  type EventName,
  eventNames,
  problems,
  topicPatterns,
} from '@mevrik/protocol';
import { z } from 'zod';
import { settings } from '../packages/server/src/config/settings.ts';
import { deliveryJobs, jobs, maintenanceJobs, outsideJobs } from '../packages/server/src/jobs/index.ts';
import { listen } from '../packages/server/src/listeners/index.ts';

const folder = new URL('../docs/reference/', import.meta.url);
const generated = '<!-- Written by `npm run docs`. Change the code that it describes instead. -->\n\n';
const row = (...cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  row(...head) + row(...head.map(() => '---')) + rows.map((cells) => row(...cells)).join('');
const code = (text: string) => `\`${text}\``;

/** The data of an event as JSON Schema. */
const schemaOf = (name: EventName) => {
  const { $schema: _draft, ...schema } = z.toJSONSchema(catalogue[name].schema, { io: 'input' });
  return schema;
};

/** The topics of an event, as patterns such as `session{id}`; none for an event that is not broadcast. */
const topicsOf = (name: EventName): readonly string[] =>
  (definitionOf(name).broadcast?.topics ?? []).map((kind) => topicPatterns[kind]);

function eventsPage(): string {
  const overview = table(
    ['event', 'meaning', 'broadcast as', 'on'],
    eventNames.map((name) => {
      const { summary, broadcast } = definitionOf(name);
      const on = topicsOf(name).map(code).join(', ');
      return [`[${name}](#${name.toLowerCase()})`, summary, broadcast ? code(broadcast.as) : 'no', on];
    }),
  );
  const sections = eventNames.map((name) => {
    const { summary, trigger, version, broadcast } = definitionOf(name);
    const listeners = listen[name].map((one) => code(one.name)).join(', ');
    return [
      `## ${name}\n`,
      `${summary} Version ${version}.\n`,
      `- **Raised when:** ${trigger}`,
      '- **Ordering key:** the conversation, `{app}/{channel}:{contact}`',
      `- **Listeners:** ${listeners}`,
      broadcast
        ? `- **Broadcast as** ${code(broadcast.as)} on ${topicsOf(name).map(code).join(', ')}`
        : '- **Not broadcast**',
      '',
      '<details><summary>Data, as JSON Schema</summary>\n',
      `\`\`\`json\n${JSON.stringify(schemaOf(name), null, 2)}\n\`\`\`\n`,
      '</details>\n',
    ].join('\n');
  });
  return `${generated}# Events\n\nEvery event of the log. The public topic \`messages\` carries only ids, kinds and times.\n\n${overview}\n${sections.join('\n')}`;
}

function listenersPage(): string {
  const rows = eventNames.flatMap((name) =>
    listen[name].map((one) => [
      name,
      code(one.name),
      one.mode,
      one.mode === 'queued' ? one.onDeadLetter : '',
      one.when ? 'on a condition' : 'always',
      one.summary,
    ]),
  );
  const timers = [jobs, maintenanceJobs, outsideJobs, deliveryJobs]
    .flat()
    .map(({ task, cron, summary }) => [code(task), cron === null ? 'when enqueued' : code(cron), summary]);
  return `${generated}# Listeners\n\nThe listeners of each event, in the order in which they are called. A \`sync\` listener runs inside the transaction that raises the event; a \`queued\` one after it, in order per conversation. After a dead letter, later events of the conversation are handled (\`skip\`) or wait (\`hold\`).\n\n${table(['event', 'listener', 'mode', 'after a dead letter', 'called', 'what it does'], rows)}\n# Jobs\n\n${table(['job', 'runs', 'what it does'], timers)}`;
}

function errorsPage(): string {
  const rows = Object.entries(problems).map(([name, { status, title, retryable }]) => [
    code(name),
    String(status),
    title,
    retryable ? 'yes' : 'no',
  ]);
  return `${generated}# Errors\n\nEvery error is an RFC 9457 problem: \`type\` is \`/problems/{code}\`, \`detail\` says what to do, and \`errors\` names the invalid fields, if any.\n\n${table(['code', 'status', 'title', 'retryable'], rows)}`;
}

function configurationPage(): string {
  const rows = Object.entries(settings).map(([name, { meaning, default: fallback, isSecret }]) => [
    code(name),
    fallback === null ? '' : code(fallback),
    `${meaning}${isSecret ? ' Never logged.' : ''}`,
  ]);
  return `${generated}# Configuration\n\nEnvironment variables. An empty variable counts as unset. With invalid settings the server does not start, and lists them all.\n\n${table(['name', 'default', 'meaning'], rows)}`;
}

/** The broadcasts as an AsyncAPI 3 document: what a client of the gateway receives. */
function asyncApi(): string {
  const broadcast = eventNames.flatMap((name) => {
    const as = definitionOf(name).broadcast?.as;
    return as === undefined ? [] : [{ name, as }];
  });
  const channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }> = {};
  for (const { name, as } of broadcast) {
    for (const address of topicsOf(name)) {
      const id = address.replace(/[{}]/g, '');
      channels[id] ??= { address, messages: {} };
      channels[id].messages[as] = { $ref: `#/components/messages/${as}` };
    }
  }
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Mevrik Channels: broadcasts',
      version: '1',
      description: 'What connected clients receive, over the Pusher Channels protocol 7. See PROTOCOL.md.',
    },
    channels: Object.fromEntries(
      Object.entries(channels).map(([id, channel]) => [
        id,
        {
          ...channel,
          parameters: Object.fromEntries(
            [...channel.address.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => [
              parameter,
              { description: parameter },
            ]),
          ),
        },
      ]),
    ),
    operations: Object.fromEntries(
      Object.keys(channels).map((id) => [
        `receive-${id}`,
        { action: 'receive', channel: { $ref: `#/channels/${id}` } },
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        broadcast.map(({ name, as }) => [
          as,
          {
            name: as,
            title: definitionOf(name).title,
            summary: definitionOf(name).summary,
            payload: schemaOf(name),
          },
        ]),
      ),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The titles of events for the panel, which cannot import the definitions: they would bring Zod into the browser. */
function eventTitles(): string {
  const titles = eventNames.map((name) => `  ${name}: '${definitionOf(name).title.replaceAll("'", '’')}',\n`);
  return `// Written by \`npm run docs\` from the event definitions. Change those instead.\n/** The titles of events, by name. */\nexport const eventTitles = {\n${titles.join('')}} as const;\n`;
}

/** The generated pages by path, relative to the folder of the reference pages. */
const pages: Readonly<Record<string, string>> = {
  'events.md': eventsPage(),
  'listeners.md': listenersPage(),
  'errors.md': errorsPage(),
  'configuration.md': configurationPage(),
  'asyncapi.json': asyncApi(),
  '../../packages/console/src/admin/events/event-titles.ts': eventTitles(),
};

await mkdir(folder, { recursive: true });
const stale: string[] = [];
for (const [name, text] of Object.entries(pages)) {
  // A page that does not exist yet is written.
  const known = await readFile(new URL(name, folder), 'utf8').catch(() => '');
  if (known === text) continue;
  stale.push(name);
  if (!process.argv.includes('--check')) await writeFile(new URL(name, folder), text);
}
if (stale.length > 0 && process.argv.includes('--check')) {
  console.error(`Out of date: ${stale.join(', ')}. Run \`npm run docs\` and commit what it writes.`);
  process.exitCode = 1;
} else console.log(stale.length === 0 ? 'The reference pages are up to date.' : `Wrote ${stale.join(', ')}.`);
