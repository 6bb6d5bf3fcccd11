// SPDX-License-Identifier: Apache-2.0
// What a learner's Makefile and folder can do to the host. The C in here is GPL-2.0-only.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../../src/lab/build.ts';
import { readSources } from '../../src/lab/workspace.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { cacheFolder } from '../../src/shared/paths.ts';
import {
  files,
  judged,
  kinds,
  lab,
  onBusyHost,
  said,
  scratch,
  solution,
  theBench,
  timed,
} from './helpers.ts';

const good = solution.get('echo.c')!.toString();
const withMakefile = (makefile: string): ReturnType<typeof files> =>
  files({ 'echo.c': good, Makefile: makefile });

/** A Makefile that builds the module and then runs a shell command in the build folder. */
const after = (command: string): string => `obj-m := echo.o
ifeq ($(KBUILD_EXTMOD)$(M),)
else
always-y += harm.stamp
$(obj)/harm.stamp: $(obj)/echo.o FORCE
	@cd /work && { ${command}; }; touch $@
endif
`;
/** … and one that runs it at once, when it is read. */
const atOnce = (command: string): string => `obj-m := echo.o\n$(info $(shell ${command}))\n`;

let folder = '';
const fresh = (): string => (folder = mkdtempSync(join(scratch, 'lab-')));

async function verdictOf(
  name: string,
  sources: Parameters<typeof judged>[0],
  options = {},
): Promise<Verdict> {
  const verdict = await judged(sources, options);
  timed(name, verdict);
  return verdict;
}

const everythingOf = (verdict: Verdict): string => JSON.stringify(verdict);

beforeAll(theBench);
// The next test builds anew, and removing whatever is there is part of what is tested.
afterEach(async () => {
  const { kit, judge } = await theBench();
  const next = await buildModule(kit, judge.kernel, lab.module, withMakefile('obj-m := echo.o\n'), 'hostile');
  expect(next.ok, `the next build: ${next.problem}`).toBe(true);
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe('a Makefile that looks around', () => {
  test('reads nothing of the home folder, of /root or of the host’s files', async () => {
    const secret = `bringup-secret-${process.pid}`;
    const places = [join(homedir(), `.${secret}`), join('/tmp', secret), join(scratch, secret)];
    for (const place of places) writeFileSync(place, secret.split('').reverse().join(''), { mode: 0o644 });
    try {
      const looks = places.map((place) => `cat ${place}; ls -a ${place}/.. /root /home`).join('; ');
      const verdict = await verdictOf(
        'reads /root, home, /tmp',
        withMakefile(`${atOnce(`( ${looks}; cat /etc/shadow; env; ls /proc ) 2>&1`)}$(error end)\n`),
      );
      expect(verdict.outcome).toBe('fail');
      expect(everythingOf(verdict)).not.toContain(secret.split('').reverse().join(''));
      // Who can not read it does not know what to look for.
      const shadow = (process.getuid?.() === 0 ? readFileSync('/etc/shadow', 'utf8') : '')
        .split('\n')
        .find((line) => /^[^:]+:\$/.test(line));
      if (shadow) expect(everythingOf(verdict)).not.toContain(shadow);
      expect(everythingOf(verdict)).toMatch(/Permission denied|No such file/);
    } finally {
      for (const place of places) rmSync(place);
    }
  });

  test('#include of what is not its own shows nothing of the host', async () => {
    const secret = join(homedir(), `.bringup-secret-${process.pid}.h`);
    writeFileSync(secret, 'int from_the_host;\n');
    try {
      const verdict = await verdictOf(
        '#include of a host file',
        files({ 'echo.c': `#include "${secret}"\n#include "/etc/passwd"\n`, Makefile: 'obj-m := echo.o\n' }),
      );
      expect(verdict.outcome).toBe('fail');
      expect(verdict.diagnostics[0]).toMatchObject({ file: 'echo.c', line: 1, severity: 'error' });
      expect(everythingOf(verdict)).not.toContain('from_the_host');
    } finally {
      rmSync(secret);
    }
  });

  test('writes nowhere but in its folder', async () => {
    const place = join(scratch, 'written');
    mkdirSync(place, { mode: 0o777 });
    chmodSync(place, 0o777);
    const targets = [
      `${place}/x`,
      '/etc/bringup-was-here',
      '/usr/bringup-was-here',
      '/root/bringup-was-here',
      '/bringup-was-here',
    ];
    const { judge, kit } = await theBench();
    const writes = [...targets, `${judge.kernel.buildTree}/bringup-was-here`]
      .map((path) => `echo x > ${path}`)
      .join('; ');
    const verdict = await verdictOf('writes outside', withMakefile(atOnce(`( ${writes} ) 2>&1`)));
    expect(verdict.outcome, said(verdict)).toBe('pass');
    for (const path of targets) expect(existsSync(path), path).toBe(false);
    for (const host of Object.values(judge.kernel.buildFolders))
      expect(existsSync(join(host, 'bringup-was-here'))).toBe(false);
    expect(existsSync(join(kit.root, 'etc/bringup-was-here'))).toBe(false);
  });

  test('reaches no network', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const verdict = await verdictOf(
        'connects to a port',
        withMakefile(
          atOnce(
            `bash -c 'echo x > /dev/tcp/127.0.0.1/${port}' 2>&1; busybox nc 127.0.0.1 ${port} </dev/null 2>&1`,
          ),
        ),
      );
      expect(verdict.outcome, said(verdict)).toBe('pass');
      expect(connections).toBe(0);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('a claim that the sandbox broke is the learner’s own', async () => {
    const verdict = await verdictOf(
      'prints "bwrap: "',
      withMakefile(`${atOnce('echo bwrap: No permissions >&2')}$(error end)\n`),
    );
    expect(verdict.outcome, said(verdict)).toBe('fail');
  });
});

describe('a Makefile that takes without end', () => {
  test.for([
    { name: 'processes', makefile: atOnce('while :; do sleep 60 & done'), says: /processes at once/ },
    {
      name: 'processes, doubling',
      makefile: atOnce("bash -c 'f() { f | f & }; f; sleep 50'"),
      says: /processes at once/,
    },
    {
      name: 'memory',
      makefile: atOnce(
        "bash -c 'for i in 1 2 3 4 5; do (head -c 1000m /dev/zero | tail -c 1000m) & done; wait'",
      ),
      says: /more than 2 GiB of memory/,
    },
    {
      name: 'memory of /tmp',
      makefile: atOnce(
        'for i in 1 2 3 4 5 6 7 8 9; do head -c 60m /dev/zero > /tmp/$$i || exit; done; echo bringup-too-much >&2',
      ),
      says: /^(?!.*bringup-too-much)/s,
    },
    {
      name: 'one huge file',
      makefile: `${atOnce('head -c 2000m /dev/zero > /work/huge; wc -c < /work/huge')}$(error end)\n`,
      says: /./,
    },
    {
      name: 'many files',
      makefile: atOnce('for i in 1 2 3 4 5 6 7 8 9; do head -c 60m /dev/zero > /work/$$i; done; sleep 5'),
      says: /wrote more than/,
    },
    {
      name: 'empty files',
      makefile: atOnce('seq -f /work/f%g 1 90000 | xargs touch; sleep 5'),
      says: /wrote more than/,
    },
    {
      name: 'folders too deep to look into',
      makefile: atOnce(
        "bash -c 'cd /work; d=$$(printf x%.0s {1..200}); for i in {1..40}; do mkdir $$d && cd ./$$d || break; done; head -c 60m /dev/zero > hidden; sleep 5'",
      ),
      says: /nobody can look into/,
    },
    { name: 'output', makefile: atOnce('yes bringup >&2'), says: /printed more than/ },
  ])('$name', async ({ name, makefile, says }) => {
    const verdict = await verdictOf(`takes ${name}`, withMakefile(makefile));
    if (name !== 'memory of /tmp') expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(verdict.error).toBeUndefined();
    expect(said(verdict)).toMatch(says);
    expect(verdict.timings.build).toBeLessThan(onBusyHost(30_000));
  });

  test('time', async () => {
    const verdict = await verdictOf('sleeps for ever', withMakefile(atOnce('sleep 100000')), {
      buildDeadline: 5_000,
    });
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/did not end within 5 s/);
    expect(verdict.timings.build).toBeLessThan(onBusyHost(8_000));
  });

  test('a build beside one that takes all processes is not disturbed', async () => {
    const bomb = judged(withMakefile(atOnce('while :; do sleep 60 & done')), { key: 'bomb' });
    const verdict = await judged(withMakefile('obj-m := echo.o\n'), { key: 'beside' });
    expect((await bomb).outcome).toBe('fail');
    expect(verdict.outcome, said(verdict)).toBe('pass');
  });
});

describe('a Makefile that leaves traps', () => {
  const victim = (): string => {
    const path = join(scratch, 'victim');
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'untouched');
    return path;
  };

  test.for(['echo.ko', '.loaded.ko', 'echo.c', 'harm.stamp.new', 'echo.c.new'])(
    'a link named %s',
    async (name) => {
      const place = victim();
      for (const trap of [
        `ln -sfn ${place}/file ${name}`,
        `rm -f ${name}; mkfifo ${name}`,
        `rm -f ${name}; mkdir ${name}`,
      ]) {
        const makefile = after(`rm -rf ${name}; ${trap}`);
        for (let round = 0; round < 2; round++) {
          const verdict = await verdictOf(
            `${trap.replace(place, '…')} (${round + 1})`,
            withMakefile(makefile),
          );
          expect(verdict.outcome, said(verdict)).not.toBe('inconclusive');
        }
        expect(readFileSync(join(place, 'file'), 'utf8')).toBe('untouched');
        expect(readdirSync(place)).toEqual(['file']);
      }
    },
  );

  test('a link in place of a folder that sources are written to', async () => {
    const place = victim();
    const makefile = after(`mv part .part; ln -s ${place} part`);
    const sources = files({
      'echo.c': good,
      'part/owned.h': '/* written by the host */\n',
      Makefile: makefile,
    });
    for (let round = 0; round < 3; round++) {
      const verdict = await verdictOf(`a folder becomes a link (${round + 1})`, sources);
      expect(verdict.outcome, said(verdict)).toBe('pass');
    }
    expect(readdirSync(place)).toEqual(['file']);
  });

  test.for(['mkfifo .trap.o.cmd', 'ln -sf /dev/zero .trap.o.cmd', 'mkdir .trap.o.cmd'])(
    'instead of a saved command: %s',
    async (trap) => {
      for (let round = 0; round < 2; round++) {
        const verdict = await verdictOf(
          `${trap} (${round + 1})`,
          withMakefile(after(`rm -rf .trap.o.cmd; ${trap}`)),
        );
        expect(verdict.outcome, said(verdict)).toBe('pass');
      }
    },
  );
});

describe('a folder that is odd', () => {
  const lay = (): string => {
    const place = fresh();
    writeFileSync(join(place, 'echo.c'), good);
    writeFileSync(join(place, 'Makefile'), 'obj-m := echo.o\n');
    return place;
  };

  test('links, pipes and sockets are not followed, odd names are kept', async () => {
    const place = lay();
    symlinkSync('/etc/passwd', join(place, 'passwd.h'));
    symlinkSync('/', join(place, 'host'));
    symlinkSync('loop', join(place, 'loop'));
    execFileSync('mkfifo', [join(place, 'pipe.c')]);
    for (const name of [
      'two words.h',
      'quote".h',
      "apostrophe'.h",
      'new\nline.h',
      '$(shell touch x).h',
      '-rf',
      'x'.repeat(255),
      'echo.c.new',
    ])
      writeFileSync(join(place, name), '');
    const sources = readSources(place);
    expect([...sources.keys()]).toContain('new\nline.h');
    for (const name of ['passwd.h', 'loop', 'pipe.c']) expect(sources.has(name)).toBe(false);
    expect([...sources.keys()].some((name) => name.startsWith('host/'))).toBe(false);
    const verdict = await verdictOf('odd names', () => readSources(place));
    expect(verdict.outcome, said(verdict)).toBe('pass');
  });

  test('a symlink in place of a source is not read', async () => {
    const place = lay();
    rmSync(join(place, 'echo.c'));
    symlinkSync('/etc/passwd', join(place, 'echo.c'));
    const verdict = await verdictOf('echo.c is a link', () => readSources(place));
    expect(verdict.outcome, said(verdict)).toBe('fail');
  });

  test('devices are not opened', async (context) => {
    if (process.getuid!() !== 0) return context.skip('only root can make a device node');
    const place = lay();
    try {
      execFileSync('mknod', [join(place, 'zero.c'), 'c', '1', '5'], { stdio: 'ignore' });
    } catch {
      return context.skip('this host lets nobody make a device node');
    }
    expect([...readSources(place).keys()].sort()).toEqual(['Makefile', 'echo.c']);
  });

  test.for([
    {
      name: 'a giant with nothing in it',
      says: /source file may have/,
      make: (place: string) => sparse(join(place, 'giant.c'), 2 ** 40),
    },
    {
      name: 'thousands of files',
      says: /more than \d+ (source files|entries)/,
      make: (place: string) => many(place, 5000),
    },
    {
      name: 'a name that is not UTF-8',
      says: /not UTF-8/,
      make: (place: string) => writeFileSync(Buffer.from(`${place}/caf\xe9.c`, 'latin1'), ''),
    },
    { name: 'no Makefile', says: /./, make: (place: string) => rmSync(join(place, 'Makefile')) },
    {
      name: 'nothing',
      says: /./,
      make: (place: string) => ['Makefile', 'echo.c'].forEach((name) => rmSync(join(place, name))),
    },
    {
      name: 'no folder',
      says: /can not be read/,
      make: (place: string) => rmSync(place, { recursive: true }),
    },
    {
      name: 'another module',
      says: /made no echo\.ko/,
      make: (place: string) => (
        writeFileSync(join(place, 'Makefile'), 'obj-m := other.o\n'),
        writeFileSync(join(place, 'other.c'), good)
      ),
    },
  ])('$name', async ({ name, says, make }) => {
    const place = lay();
    make(place);
    const verdict = await verdictOf(name, () => readSources(place));
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(says);
  });

  test('folders within folders are read to a limit', async () => {
    const place = lay();
    mkdirSync(join(place, ...'abcdefghijkl'.split('')), { recursive: true });
    writeFileSync(join(place, ...'abcdefghijkl'.split(''), 'deep.c'), 'no C');
    const verdict = await verdictOf('deep folders', () => readSources(place));
    expect(verdict.outcome, said(verdict)).toBe('pass');
  });

  test('a file nobody may read', async (context) => {
    if (process.getuid!() === 0) return context.skip('root may read everything');
    const place = lay();
    chmodSync(join(place, 'echo.c'), 0);
    const verdict = await verdictOf('an unreadable file', () => readSources(place));
    expect(said(verdict)).toMatch(/echo\.c can not be read: EACCES/);
  });
});

describe('source that does not build', () => {
  test('a syntax error is told with its line', async () => {
    const lines = good.split('\n');
    const at = lines.findIndex((line) => line.includes('mutex_unlock'));
    lines[at] = '\tmutex_unlock(&echo_lock)';
    const verdict = await verdictOf(
      'a syntax error',
      files({ 'echo.c': lines.join('\n'), Makefile: 'obj-m := echo.o\n' }),
    );
    expect(verdict.outcome).toBe('fail');
    expect(kinds(verdict)).toEqual(['build']);
    expect(verdict.findings[0]!.places[0]).toMatchObject({ file: 'echo.c', line: at + 1 });
  });

  test('.incbin of a big file', async () => {
    const text =
      '#include <linux/module.h>\nasm(".section .data\\n.incbin \\"/usr/bin/qemu-system-x86_64\\"\\n.previous");\nMODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("big");\n';
    const verdict = await verdictOf(
      '.incbin of QEMU',
      files({ 'echo.c': text, Makefile: 'obj-m := echo.o\n' }),
    );
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/echo\.ko has \d+ bytes/);
  });

  test('.incbin of what never ends', async () => {
    const text = 'asm(".incbin \\"/dev/zero\\"");\n';
    const verdict = await verdictOf(
      '.incbin of /dev/zero',
      files({ 'echo.c': text, Makefile: 'obj-m := echo.o\n' }),
    );
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(verdict.timings.build).toBeLessThan(onBusyHost(65_000));
  });
});

test('what builds leave stays in the cache', () => {
  for (const name of readdirSync(cacheFolder('builds')))
    expect(lstatSync(cacheFolder('builds', name)).isDirectory()).toBe(true);
});

function sparse(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
}

function many(place: string, count: number): void {
  for (let i = 0; i < count; i++) writeFileSync(join(place, `f${i}.c`), '');
}
