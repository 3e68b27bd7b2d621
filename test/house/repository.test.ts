import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { files, read, root } from './source-files.ts';

const manifest = JSON.parse(read('package.json')) as { workspaces: string[]; repository: { url: string } };

describe('the packages', () => {
  it('name the repository, their folder in it, and where to report bugs', () => {
    for (const folder of manifest.workspaces) {
      const { repository, bugs, homepage } = JSON.parse(read(`${folder}/package.json`));
      expect([folder, repository?.url, repository?.directory]).toEqual([
        folder,
        manifest.repository.url,
        folder,
      ]);
      expect([folder, typeof bugs, typeof homepage]).toEqual([folder, 'string', 'string']);
    }
  });

  it('each have a README', () => {
    expect(manifest.workspaces.filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([]);
  });
});

describe('continuous integration', () => {
  it('runs what .ci/run runs, on every supported Node line', () => {
    const { jobs } = parse(read('.github/workflows/ci.yml'));
    expect(jobs.check.strategy.matrix.node).toEqual([20, 22, 24]);
    expect(jobs.check.steps.at(-1)).toEqual({ run: '.ci/run' });
  });

  it('keeps the dependencies of every lockfile up to date', () => {
    const { updates } = parse(read('.github/dependabot.yml')) as { updates: Update[] };
    const watched = updates.flatMap(({ directory, directories }) => directories ?? [directory ?? '']);
    const lockfiles = files.filter((file) => /(^|\/)package-lock\.json$/.test(file));
    expect(lockfiles.length).toBeGreaterThan(2);
    expect(lockfiles.map((file) => join('/', dirname(file))).filter((it) => !watched.includes(it))).toEqual(
      [],
    );
    expect(updates.map((update) => update['package-ecosystem'])).toEqual([
      'npm',
      'github-actions',
      'docker',
      'docker-compose',
    ]);
  });
});

describe('the configuration of the tests', () => {
  it('starts files first that exist', () => {
    const longFiles = [...read('vitest.config.ts').matchAll(/^ {2}'(.+\.test\.ts)',$/gm)].map(
      ([, file]) => file,
    );
    expect(longFiles.length).toBeGreaterThan(30);
    expect(longFiles.filter((file = '') => !files.includes(file))).toEqual([]);
  });
});

describe('the issue forms', () => {
  it('have a name, a description and fields with unique ids', () => {
    for (const form of ['bug.yml', 'feature.yml']) {
      const { name, description, body } = parse(read(`.github/ISSUE_TEMPLATE/${form}`));
      expect([form, typeof name, typeof description]).toEqual([form, 'string', 'string']);
      const ids = (body as { id?: string }[]).flatMap(({ id }) => id ?? []);
      expect([form, ids.length > 0, new Set(ids).size]).toEqual([form, true, ids.length]);
    }
  });
});

describe('the documentation index', () => {
  it('lists every guide', () => {
    const index = read('docs/README.md');
    const guides = readdirSync(join(root, 'docs/guides')).filter((file) => file.endsWith('.md'));
    expect(guides.filter((file) => !index.includes(`(guides/${file})`))).toEqual([]);
  });
});

interface Update {
  readonly 'package-ecosystem': string;
  readonly directory?: string;
  readonly directories?: readonly string[];
}
