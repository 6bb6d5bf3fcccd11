// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseDiagnostics } from './diagnostics.ts';

test("gcc's lines are found among what make prints", () => {
  const output = `make[1]: Entering directory '/work'
  CC [M]  echo.o
/work/echo.c: In function ‘echo_write’:
/work/echo.c:41:9: error: implicit declaration of function ‘kfre’; did you mean ‘kfree’? [-Wimplicit-function-declaration]
   41 |         kfre(text);
      |         ^~~~
      |         kfree
/work/echo.c:12:13: warning: ‘unused’ defined but not used [-Wunused-variable]
make[2]: *** [scripts/Makefile.build:244: echo.o] Error 1
`;
  expect(parseDiagnostics(output)).toEqual([
    {
      file: 'echo.c',
      line: 41,
      severity: 'error',
      message:
        'implicit declaration of function ‘kfre’; did you mean ‘kfree’? [-Wimplicit-function-declaration]',
    },
    {
      file: 'echo.c',
      line: 12,
      severity: 'warning',
      message: '‘unused’ defined but not used [-Wunused-variable]',
    },
  ]);
});

test("sparse's lines are found", () => {
  const output = `echo.c:27:30: warning: incorrect type in argument 2 (different address spaces)
echo.c:27:30:    expected void const [noderef] __user *from
echo.c:27:30:    got char *buf
echo.c:60:9: warning: context imbalance in 'echo_read' - wrong count at exit
`;
  expect(parseDiagnostics(output).map(({ line, message }) => [line, message])).toEqual([
    [27, 'incorrect type in argument 2 (different address spaces)'],
    [60, "context imbalance in 'echo_read' - wrong count at exit"],
  ]);
});

test('a fatal error is an error, and a line without a column is read', () => {
  expect(
    parseDiagnostics('/work/a.c:3:10: fatal error: nope.h: No such file or directory\nb.c:7: warning: odd\n'),
  ).toEqual([
    { file: 'a.c', line: 3, severity: 'error', message: 'nope.h: No such file or directory' },
    { file: 'b.c', line: 7, severity: 'warning', message: 'odd' },
  ]);
});

test("only the build folder's own prefix is taken off", () => {
  const files = ['/work/sub/x.c', './include/linux/slab.h', '/source/include/linux/slab.h'];
  const output = files.map((file) => `${file}:1:1: error: e ${file}`).join('\n');
  expect(parseDiagnostics(output).map(({ file }) => file)).toEqual(['sub/x.c', ...files.slice(1)]);
});

test('what is said twice is given once', () => {
  const line = 'a.h:5:1: warning: said by every file that includes it';
  expect(parseDiagnostics(`${line}\n${line}\n`)).toHaveLength(1);
});

test('notes and other talk are no diagnostics', () => {
  expect(
    parseDiagnostics('a.c:5:1: note: in expansion of macro\nmake: *** error: 2\nerror: no place\n'),
  ).toEqual([]);
});

test('a flood is limited in number and length', () => {
  const flood = Array.from({ length: 5000 }, (_, i) => `a.c:${i + 1}:1: error: ${'x'.repeat(2000)}`).join(
    '\n',
  );
  const found = parseDiagnostics(flood);
  expect(found).toHaveLength(50);
  expect(found[0]!.line).toBe(1);
  for (const { message } of found) expect(message).toHaveLength(300);
});

test('a line made to be slow to match is not', () => {
  const start = performance.now();
  parseDiagnostics(`${'a:1:'.repeat(100_000)}\n${'/work/'.repeat(50_000)}:1\n`);
  expect(performance.now() - start).toBeLessThan(2000);
});
