// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { replayScript } from './replay.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-replay-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

let folder = '';
let count = 0;
beforeEach(() => mkdirSync((folder = join(temp, String(++count)))));

const cc = (target: string, source: string): string =>
  ` gcc -Wp,-MMD,/work/.${target}.d -nostdinc -I./include -DMODULE -DKBUILD_BASENAME='"${source}"' -c -o /work/${target} /work/${source}.c  `;

/** A .cmd file as fixdep leaves it: the command, then the files it depends on. */
function save(target: string, command: string, rest = ''): void {
  writeFileSync(join(folder, `.${target}.cmd`), `savedcmd_/work/${target} := ${command}\n\n${rest}`);
}

/** What kbuild of 6.12 leaves after a build of echo.ko from echo.c. */
function oneSource(): void {
  save(
    'echo.o',
    cc('echo.o', 'echo'),
    'source_/work/echo.o := /work/echo.c\n\ndeps_/work/echo.o := \\\n  include/linux/module.h \\\n',
  );
  save('echo.mod', `printf '%s\\n'   echo.o | awk '!x[$$0]++ { print("/work/"$$0) }' > /work/echo.mod`);
  save('echo.mod.o', cc('echo.mod.o', 'echo.mod'));
  save('.module-common.o', ' gcc -c -o /work/.module-common.o scripts/module-common.c');
  save('modules.order', '{   echo /work/echo.o; :; } > /work/modules.order');
  save(
    'Module.symvers',
    'scripts/mod/modpost -M -m -o /work/Module.symvers -T /work/modules.order -i Module.symvers -e ',
  );
  save(
    'echo.ko',
    'ld -r -m elf_x86_64 --build-id=sha1 -o /work/echo.ko /work/echo.o /work/echo.mod.o /work/.module-common.o',
  );
}

test('one source: compile, modpost, link, in this order', () => {
  oneSource();
  const script = replayScript(folder, 'echo')!;
  const order = ['-c -o /work/echo.o ', 'modpost', '-c -o /work/echo.mod.o ', 'ld -r'].map((part) =>
    script.indexOf(part),
  );
  expect(order.every((at) => at > 0)).toBe(true);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(script.startsWith('set -e\n')).toBe(true);
});

test('the generated source is compiled again only when modpost wrote another', () => {
  oneSource();
  const script = replayScript(folder, 'echo')!;
  expect(script).toMatch(
    /cmp -s \/work\/echo\.mod\.c \/tmp\/previous\.mod\.c \|\| \{ [^\n]*-c -o \/work\/echo\.mod\.o [^\n]*\}/,
  );
  expect(script.split('-c -o /work/echo.mod.o ')).toHaveLength(2);
  expect(script).not.toContain('-c -o /work/.module-common.o');
});

test('several sources: all are compiled before ld -r puts them together', () => {
  oneSource();
  rmSync(join(folder, '.echo.o.cmd'));
  save('echo.o', 'ld -m elf_x86_64 -z noexecstack -r -o /work/echo.o @/work/echo.mod ');
  save('zz-last.o', cc('zz-last.o', 'zz-last'));
  save('aa-first.o', cc('aa-first.o', 'aa-first'));
  const script = replayScript(folder, 'echo')!;
  const combined = script.indexOf('-r -o /work/echo.o @');
  expect(script.indexOf('-c -o /work/zz-last.o ')).toBeGreaterThan(0);
  expect(script.indexOf('-c -o /work/zz-last.o ')).toBeLessThan(combined);
  expect(script.indexOf('-c -o /work/aa-first.o ')).toBeLessThan(combined);
  expect(combined).toBeLessThan(script.indexOf('modpost'));
});

test("make's own quoting is undone", () => {
  oneSource();
  save('echo.o', `${cc('echo.o', 'echo')}; awk '{ print $$1 }' $(pound) why`);
  expect(replayScript(folder, 'echo')).toContain(`awk '{ print $1 }' # why`);
});

test('the script is one a shell reads', () => {
  oneSource();
  const { status, stderr } = spawnSync('sh', ['-n'], {
    input: replayScript(folder, 'echo')!,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test.each(['Module.symvers', 'echo.mod.o', 'echo.ko', 'echo.o'])(
  'without the command for %s there is no script',
  (target) => {
    oneSource();
    rmSync(join(folder, `.${target}.cmd`));
    expect(replayScript(folder, 'echo')).toBeUndefined();
  },
);

test('a shape it does not know gives none: another module, objects of no source, another folder', () => {
  oneSource();
  expect(replayScript(folder, 'other')).toBeUndefined();
  save('echo.o', 'ld -r -o /work/echo.o /work/blob.a');
  expect(replayScript(folder, 'echo')).toBeUndefined();
  expect(replayScript(join(temp, 'never-made'), 'echo')).toBeUndefined();
});

test("files that are not kbuild's are not read: giants, links, folders", () => {
  oneSource();
  const extra = `savedcmd_/work/extra.o := ${cc('extra.o', 'extra')}\n`;
  writeFileSync(join(folder, '.giant.o.cmd'), extra);
  truncateSync(join(folder, '.giant.o.cmd'), 2 << 20);
  writeFileSync(join(temp, 'outside'), extra);
  symlinkSync(join(temp, 'outside'), join(folder, '.linked.o.cmd'));
  symlinkSync('/dev/zero', join(folder, '.zero.o.cmd'));
  mkdirSync(join(folder, '.folder.o.cmd'));
  writeFileSync(join(folder, 'visible.o.cmd'), extra);
  expect(replayScript(folder, 'echo')).not.toContain('extra');
});
