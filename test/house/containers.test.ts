import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../packages/server/src/config/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const dockerfile = read('Dockerfile');
/** The instructions of the Dockerfile, each on one line, without comments. */
const steps = dockerfile
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replace(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '');
const stepsOf = (instruction: string) => steps.filter((step) => step.startsWith(`${instruction} `));

describe('the Dockerfile', () => {
  it('passes the linter', () => {
    expect(validate(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual(
      [],
    );
  });

  it('copies files that exist, and that .dockerignore does not exclude', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = stepsOf('COPY')
      .filter((step) => !step.includes('--from='))
      .flatMap((step) => step.split(' ').slice(1, -1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const isSent = (source: string) =>
      allowed.some((path) => source === path || source.startsWith(`${path}/`));
    expect(sources.filter((source) => !isSent(source))).toEqual([]);
  });

  it('installs the manifest of every workspace before the sources', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    const beforeInstall = steps.slice(0, steps.indexOf('RUN npm ci'));
    const copied = beforeInstall.join('\n');
    expect(workspaces.filter((workspace) => !copied.includes(`${workspace}/package.json`))).toEqual([]);
  });

  it('runs existing scripts, and builds what it starts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...dockerfile.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named).toEqual(['build']);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(stepsOf('CMD')).toEqual(['CMD ["node", "packages/server/dist/main.js"]']);
    expect(existsSync(join(root, 'packages/server/src/main.ts'))).toBe(true);
  });

  it('runs as an ordinary user, from a slim image, with a health check', () => {
    expect(stepsOf('FROM').filter((step) => !/ node:\d+-\w+-slim\b/.test(step))).toEqual([]);
    expect(stepsOf('USER')).toEqual(['USER node']);
    expect(steps.findIndex((step) => step.startsWith('USER '))).toBeLessThan(
      steps.findIndex((step) => step.startsWith('CMD ')),
    );
    expect(stepsOf('HEALTHCHECK')).toEqual([expect.stringContaining('/readyz')]);
  });

  it('sets only settings that exist', () => {
    const names = stepsOf('ENV').flatMap((step) => [...step.matchAll(/([A-Z_]+)=/g)].map(([, name]) => name));
    expect(names.filter((name) => name !== 'NODE_ENV' && !((name as string) in settings))).toEqual([]);
  });
});

describe('compose.yaml', () => {
  const { services, volumes } = parse(read('compose.yaml')) as {
    services: Record<string, Service>;
    volumes: Record<string, null>;
  };

  it('runs the server with PostgreSQL and Redis, started once both are healthy', () => {
    expect(Object.keys(services)).toEqual(['app', 'postgres', 'redis']);
    expect(services.app?.build).toBe('.');
    expect(services.app?.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
    expect(services.postgres?.healthcheck?.test).toContain('pg_isready');
    expect(services.redis?.healthcheck?.test).toContain('redis-cli');
  });

  it('sets only settings that the server has', () => {
    const names = Object.keys(services.app?.environment ?? {});
    expect(names.filter((name) => !(name in settings))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'PUBLIC_URL']));
  });

  it('sets only values that the server accepts', () => {
    const withDefaults = (value: string) => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
    for (const [name, value] of Object.entries(services.app?.environment ?? {})) {
      const { schema } = settings[name as keyof typeof settings];
      expect([name, schema.safeParse(withDefaults(value)).success]).toEqual([name, true]);
    }
  });

  it('reaches PostgreSQL with the user and the database that it creates', () => {
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = services.postgres?.environment ?? {};
    expect(services.app?.environment?.DATABASE_URL).toBe(
      `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`,
    );
    expect(services.app?.environment?.REDIS_URL).toBe('redis://redis:6379');
  });

  it('keeps data in volumes, at the folder that the Dockerfile names', () => {
    expect(services.app?.volumes).toEqual(['data:/data']);
    expect(dockerfile).toContain('DATA_DIR=/data');
    const used = Object.values(services).flatMap((service) => service.volumes ?? []);
    expect(used.map((volume) => volume.split(':')[0]).sort()).toEqual(Object.keys(volumes).sort());
  });
});

interface Service {
  readonly build?: string;
  readonly environment?: Record<string, string>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Record<string, { readonly condition: string }>;
  readonly healthcheck?: { readonly test: readonly string[] };
}
