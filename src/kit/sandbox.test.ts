// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, type RunResult } from '../shared/run.ts';
import { findKit } from './kit.ts';
import { isRoot, sandboxed, sandboxUser, type Sandbox } from './sandbox.ts';

const full: Sandbox = {
  kit: '/cache/kits/x/root',
  readOnly: { '/source': '/host/source' },
  writable: { '/work': '/host/work' },
  cwd: '/work',
  env: { LANG: 'C' },
  kvm: true,
  limits: { processes: 64, fileBytes: 1 << 20, addressBytes: 1 << 30, cpuSeconds: 60 },
};

/** What is mounted: [option, host, inside]. */
function mounts(argv: readonly string[]): string[][] {
  return argv.flatMap((word, i) =>
    /^--(ro-|dev-)?bind(-try)?$/.test(word) ? [[word, argv[i + 1]!, argv[i + 2]!]] : [],
  );
}

describe.each([
  ['the least', { kit: full.kit }],
  ['all there is', full],
])('the command line, with %s', (_, sandbox: Sandbox) => {
  const argv = sandboxed(sandbox, ['prog', '--share-net', 'arg']);
  const own = argv.slice(0, -3);

  test('takes the network away and never gives it back', () => {
    expect(own).toContain('--unshare-net');
    expect(own).not.toContain('--share-net');
  });

  test('takes processes, messages and the host name away, and ends with us', () => {
    for (const option of [
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--die-with-parent',
      '--new-session',
      '--clearenv',
    ]) {
      expect(own, option).toContain(option);
    }
    expect(own).not.toContain('--as-pid-1');
  });

  test('shows the kit for reading only, and writable nothing that was not named', () => {
    const all = mounts(own);
    for (const [option, host] of all) {
      if (host!.startsWith(sandbox.kit)) expect(option).toBe('--ro-bind');
      if (option === '--bind') expect(Object.values(sandbox.writable ?? {})).toContain(host);
    }
    expect(all.map(([, , inside]) => inside)).not.toContain('/');
  });

  test("shows nothing of the host's own folders", () => {
    for (const [option, host] of mounts(own)) {
      if (option !== '--dev-bind')
        expect(host).toMatch(/^\/(cache\/kits\/x\/root\/(usr|etc)|host\/(source|work))$/);
      else expect(host).toBe('/dev/kvm');
    }
  });

  test('runs the program with its arguments as they are, after all of its own', () => {
    expect(argv.slice(-3)).toEqual(['prog', '--share-net', 'arg']);
    expect(own).toContain('--');
  });
});

test("the environment is the sandbox's own, whatever ours is", () => {
  const argv = sandboxed(full, ['true']);
  const names = argv.flatMap((word, i) => (word === '--setenv' ? [argv[i + 1]!] : []));
  expect(names.sort()).toEqual(['HOME', 'LANG', 'LC_ALL', 'PATH']);
});

test('limits are set on what runs, and no core is written', () => {
  const argv = sandboxed(full, ['true']);
  expect(argv.slice(argv.indexOf('prlimit'))).toEqual([
    'prlimit',
    '--core=0',
    '--nproc=64',
    `--fsize=${1 << 20}`,
    `--as=${1 << 30}`,
    '--cpu=60',
    'true',
  ]);
  expect(sandboxed({ kit: full.kit }, ['true'])).not.toContain('prlimit');
});

test.runIf(isRoot)('as root, the program is nobody and can not become anyone', () => {
  const argv = sandboxed(full, ['true']).join(' ');
  expect(argv).toContain(`setpriv --reuid=${sandboxUser} --regid=${sandboxUser}`);
  expect(argv).toContain('--bounding-set=-all --no-new-privs');
  expect(argv).toContain('--cap-drop ALL');
});

test.skipIf(isRoot)('as an ordinary user, it has a user namespace of its own', () => {
  expect(sandboxed(full, ['true'])).toContain('--unshare-user');
});

/** Threads of the sandbox's user on this host: as root, a sandbox shares the limit with all others. */
function running(): number {
  if (!isRoot) return 0;
  const statuses = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d/.test(pid) ? [readFileSync(`/proc/${pid}/status`, 'utf8')] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
  const ours = statuses.filter((status) => status.includes(`\nUid:\t${sandboxUser}\t`));
  return ours.reduce((sum, status) => sum + Number(/^Threads:\t(\d+)$/m.exec(status)?.[1] ?? 1), 0);
}

const kit = findKit();

describe.skipIf(!kit || spawnSync('bwrap', ['--version']).error)('a real run', () => {
  const temp = mkdtempSync(join(tmpdir(), 'bringup-sandbox-'));
  afterAll(() => rmSync(temp, { recursive: true, force: true }));
  let result: RunResult;
  const part = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(result.stdout.toString())?.[1] ?? '(nothing)';

  beforeAll(async () => {
    chmodSync(temp, 0o755); // the program is not us
    writeFileSync(join(temp, 'given'), 'given');
    const script = `
      echo "uid=$(id -u)"
      echo "capeff=$(sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status)"
      echo "root=$(ls / | tr '\\n' ' ')"
      for dir in /usr /etc /bin / /shown; do
        if touch $dir/x 2>/dev/null; then echo "writable$dir=yes"; else echo "writable$dir=no"; fi
      done
      if touch /tmp/x; then echo tmp=yes; fi
      echo "shown=$(cat /shown/given)"
      echo "net=$(tail -n +3 /proc/net/dev | tr -dc 'a-z:')"
      echo "processes=$(ls /proc | grep -c '^[0-9]')"
      echo "secret=$SECRET_OF_THE_HOST"
      i=0
      while [ $i -lt 250 ]; do sleep 9 & i=$((i+1)); done
      echo "started=$i"
    `;
    const sandbox = { kit: kit!.root, readOnly: { '/shown': temp }, limits: { processes: running() + 100 } };
    const env = { ...process.env, SECRET_OF_THE_HOST: 'password' };
    result = await run(sandboxed(sandbox, ['sh', '-c', script]), { deadline: 30_000, env });
  }, 40_000);

  test('is an ordinary user without any capability', () => {
    expect(part('uid')).toBe(String(isRoot ? sandboxUser : 1000));
    expect(part('capeff')).toMatch(/^0+$/);
  });

  test('sees no home, no /root and nothing else of the host', () => {
    expect(part('root').trim().split(' ').sort()).toEqual([
      'bin',
      'dev',
      'etc',
      'lib',
      'lib64',
      'proc',
      'sbin',
      'shown',
      'tmp',
      'usr',
    ]);
    expect(part('secret')).toBe('');
  });

  test('reads what it was shown', () => expect(part('shown')).toBe('given'));

  test.each(['/usr', '/etc', '/bin', '/', '/shown'])('can not write to %s', (folder) => {
    expect(part(`writable${folder}`)).toBe('no');
  });

  test('can write to its own /tmp', () => expect(part('tmp')).toBe('yes'));

  test('has no network but itself, and sees no process of the host', () => {
    expect(part('net')).toMatch(/^(lo:)?$/);
    expect(Number(part('processes'))).toBeLessThan(10);
  });

  test('can not have more processes than it may', () => {
    expect(result.ended).toBeUndefined();
    expect(result.stderr.toString()).toMatch(/fork/i);
    expect(part('started')).toBe('(nothing)');
  });
});
