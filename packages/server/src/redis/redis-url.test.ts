import { describe, expect, it } from 'vitest';
import { readRedisUrl } from './redis-url.ts';

const single = {
  form: 'single',
  service: '',
  database: 0,
  isEncrypted: false,
  username: undefined,
  password: undefined,
};

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { ...single, nodes: [{ host: 'localhost', port: 6379 }] }],
    ['redis://h:1/', { ...single, nodes: [{ host: 'h', port: 1 }] }],
    [
      'rediss://me:p%40ss@[::1]:7000/2',
      {
        ...single,
        isEncrypted: true,
        username: 'me',
        password: 'p@ss',
        database: 2,
        nodes: [{ host: '::1', port: 7000 }],
      },
    ],
    ['redis://:a:b@h?x=1', { ...single, password: 'a:b', nodes: [{ host: 'h', port: 6379 }] }],
    [
      'redis+sentinel://:secret@one:1,two/orders/3',
      {
        ...single,
        form: 'sentinel',
        service: 'orders',
        database: 3,
        password: 'secret',
        nodes: [
          { host: 'one', port: 1 },
          { host: 'two', port: 26_379 },
        ],
      },
    ],
    [
      'rediss+cluster://one:7000,two:7001',
      {
        ...single,
        form: 'cluster',
        isEncrypted: true,
        nodes: [
          { host: 'one', port: 7000 },
          { host: 'two', port: 7001 },
        ],
      },
    ],
  ])('%s is parsed', (url, target) => {
    expect(readRedisUrl(url)).toEqual(target);
  });

  it.each([
    ['http://host', 'must start with redis://'],
    ['redis+swarm://host', 'must start with redis://'],
    ['redis://', 'must have hosts'],
    ['redis://host:0', 'must have hosts'],
    ['redis://host:70000', 'must have hosts'],
    ['redis+cluster://one,,two', 'must have hosts'],
    ['redis://one,two', 'has several hosts'],
    ['redis://host/orders', 'has a database that is not a number'],
    ['redis+sentinel://one,two', 'must name the master'],
    ['redis+sentinel://one,two//1', 'must name the master'],
    ['redis+cluster://one/1', 'has a database number, but a cluster'],
    ['redis://:100%@host', 'contains a literal %'],
  ])('%s is rejected: it %s', (url, reason) => {
    expect(readRedisUrl(url)).toContain(reason);
  });

  it('never appears in the error', () => {
    for (const url of [
      'http://:hush@h',
      'redis://:hush@h:x',
      'redis+cluster://:hush@h/9',
      'redis://:hush%@h',
    ]) {
      expect(readRedisUrl(url)).not.toContain('hush');
    }
  });
});
