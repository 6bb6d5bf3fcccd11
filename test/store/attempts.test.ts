// SPDX-License-Identifier: Apache-2.0
// Attempts: recorded by `check` without a server, in the store once each, and told to whoever listens, at once.
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BringupError } from '../../src/shared/errors.ts';
import { attempts as recorded, record } from '../../src/lab/history.ts';
import { blankVerdict } from '../../src/lab/inconclusive.ts';
import { findLab } from '../../src/lab/lab.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { followAttempts, importAttempts } from '../../src/store/attempt-import.ts';
import {
  attemptOf,
  attemptsOf,
  listenForAttempts,
  passedLabs,
  type AttemptNotice,
} from '../../src/store/attempts.ts';
import { localPerson } from '../../src/store/people.ts';
import { person } from '../../src/store/schema.ts';
import { openStore, startDatabase, stopDatabase, type Store } from '../../src/store/store.ts';
import { drop, newDataFolder, newStore, script, until } from './helpers.ts';

let data = '';
let file = '';
let store: Store;
let me = '';
beforeAll(async () => {
  data = newDataFolder();
  file = join(data, 'attempts.jsonl');
  store = await newStore();
});
afterAll(async () => {
  await store.close();
  await drop(data);
});
beforeEach(async () => {
  rmSync(file, { force: true });
  await store.db.delete(person);
  me = (await localPerson(store.db)).id;
});

const blank = blankVerdict(findLab('char-echo'), 7, new BringupError('E-KIT-MISSING', 'no kit'));
let clock = Date.parse('2026-11-23T10:00:00Z');

/** A verdict like those of `check`, each a second after the last. */
function verdict(more: Partial<Verdict> = {}): Verdict {
  const at = new Date((clock += 1000)).toISOString();
  return {
    ...blank,
    outcome: 'fail',
    kernel: { id: 'core-6.12-abc', release: '6.12', flavor: 'core' },
    at,
    ...more,
  };
}

const all = async (): Promise<string[]> =>
  (await attemptsOf(store.db, me, {})).map(({ lab }) => lab).reverse();

describe('importing', () => {
  test('stores what check recorded, with the whole verdict', async () => {
    expect(await importAttempts(store.db, me)).toEqual({ added: 0, skipped: 0 }); // no file yet
    const told = verdict({ detectors: ['KASAN'], outcome: 'pass' });
    record('/home/me/echo', told);
    expect(await importAttempts(store.db, me)).toEqual({ added: 1, skipped: 0 });
    const [first] = await attemptsOf(store.db, me, {});
    expect(first).toMatchObject({
      lab: 'char-echo',
      outcome: 'pass',
      folder: '/home/me/echo',
      at: new Date(told.at),
    });
    expect((await attemptOf(store.db, me, first!.id))!.verdict).toEqual(JSON.parse(JSON.stringify(told)));
    expect(await attemptOf(store.db, me, 'nope')).toBeUndefined();
  });

  test('reads on where it ended', async () => {
    record('/f', verdict({ lab: 'one' }));
    await importAttempts(store.db, me);
    record('/f', verdict({ lab: 'two' }));
    expect(await importAttempts(store.db, me)).toEqual({ added: 1, skipped: 0 });
    expect(await importAttempts(store.db, me)).toEqual({ added: 0, skipped: 0 });
    expect(await all()).toEqual(['one', 'two']);
  });

  test('stores each once when the file was replaced, moved, or cut', async () => {
    for (const lab of ['one', 'two', 'three']) record('/f', verdict({ lab }));
    await importAttempts(store.db, me);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.split('\n').reverse().join('\n').trimStart() + '\n');
    expect(await importAttempts(store.db, me)).toMatchObject({ added: 0 });
    writeFileSync(file, text.slice(0, 100));
    expect(await importAttempts(store.db, me)).toMatchObject({ added: 0 });
    const moved = join(data, 'moved.jsonl');
    writeFileSync(file, text + text);
    renameSync(file, moved);
    expect(await importAttempts(store.db, me, moved)).toEqual({ added: 0, skipped: 0 });
    expect(await all()).toEqual(['one', 'two', 'three']);
  });

  test('skips lines that a crash cut short, and takes what comes after', async () => {
    record('/f', verdict({ lab: 'one' }));
    record('/f', verdict({ lab: 'cut' }));
    truncateSync(file, readFileSync(file).length - 40);
    expect(await importAttempts(store.db, me)).toEqual({ added: 1, skipped: 0 });
    record('/f', verdict({ lab: 'two' })); // ends the cut line first
    appendFileSync(file, '\n{"lab":"no attempt"}\nnull\n\xff\xfe\n');
    expect(await importAttempts(store.db, me)).toEqual({ added: 1, skipped: 4 });
    expect(await all()).toEqual(
      recorded()
        .slice(0, 2)
        .map(({ lab }) => lab),
    );
  });

  test('waits for the rest of a line that is being written', async () => {
    record('/f', verdict({ lab: 'one' }));
    const line = readFileSync(file, 'utf8');
    for (const end of [10, line.length - 2]) {
      writeFileSync(file, line.slice(0, end));
      expect(await importAttempts(store.db, me)).toEqual({ added: 0, skipped: 0 });
    }
    writeFileSync(file, line.trimEnd()); // whole, but for its end
    expect(await importAttempts(store.db, me)).toEqual({ added: 1, skipped: 0 });
    writeFileSync(file, line);
    expect(await importAttempts(store.db, me)).toEqual({ added: 0, skipped: 0 });
  });

  test('takes logs with characters that no database holds', async () => {
    const finding = {
      kind: 'oops',
      name: 'o',
      title: 't',
      detail: 'd',
      places: [],
      report: 'a\0b\ud800\u2028',
    } as const;
    record('/f', verdict({ findings: [{ ...finding, places: [] }] }));
    await importAttempts(store.db, me);
    const [{ id } = { id: '' }] = await attemptsOf(store.db, me, {});
    const stored = (await attemptOf(store.db, me, id))!.verdict as Verdict;
    expect(stored.findings[0]!.report).toBe('a\ufffdb\ufffd\u2028');
  });

  test('of ten thousand is done in pieces, and twice at once is as good as once', async () => {
    const line = (n: number): string =>
      JSON.stringify({
        lab: `lab-${n}`,
        folder: '/f',
        at: new Date(n * 1000),
        outcome: 'fail',
        provisional: false,
        kernel: 'k',
        verdict: { n },
      });
    writeFileSync(file, Array.from({ length: 10_000 }, (_, n) => `${line(n)}\n`).join(''));
    const sums = await Promise.all([importAttempts(store.db, me), importAttempts(store.db, me)]);
    expect(sums[0].added + sums[1].added).toBe(10_000);
    expect(await store.sql`select count(*)::int as rows from bringup.attempt`).toEqual([{ rows: 10_000 }]);
  });

  test('in a process that is killed is gone on with', async () => {
    const report = 'x'.repeat(20_000);
    const lines = Array.from({ length: 500 }, (_, n) =>
      JSON.stringify({
        lab: `l${n}`,
        folder: '/f',
        at: new Date(n),
        outcome: 'fail',
        provisional: false,
        kernel: 'k',
        verdict: { report },
      }),
    );
    writeFileSync(file, `${lines.join('\n')}\n`);
    const child = script(`
      const { importAttempts } = await import('/' + ${JSON.stringify(join(import.meta.dirname, '../../src/store/attempt-import.ts').slice(1))});
      const s = await store.openStore();
      await importAttempts(s.db, ${JSON.stringify(me)});`);
    const rows = async (): Promise<number> =>
      (await store.sql<{ n: number }[]>`select count(*)::int as n from bringup.attempt`)[0]!.n;
    await until(async () => (await rows()) > 0);
    child.kill('SIGKILL');
    await child.output;
    await importAttempts(store.db, me);
    expect(await rows()).toBe(500);
  });

  test('at any cuts of the file ends with each attempt once', async () => {
    const lines = ['one', 'two', 'three'].map((lab) => {
      record('/f', verdict({ lab }));
      return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!;
    });
    const text = [lines[0], '{"cut', lines[1], lines[1], lines[2], ''].join('\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 4 }), async (cuts) => {
        await store.db.delete(person);
        me = (await localPerson(store.db)).id;
        for (const end of [...cuts.sort((a, b) => a - b), text.length]) {
          writeFileSync(file, text.slice(0, end));
          await importAttempts(store.db, me);
        }
        expect(await all()).toEqual(['one', 'two', 'three']);
      }),
      { numRuns: 30 },
    );
  });
});

describe('reading', () => {
  test('pages from the newest, by lab under all its names', async () => {
    for (const lab of ['old', 'b', 'new', 'b', 'old']) record('/f', verdict({ lab }));
    await importAttempts(store.db, me);
    const renamed = { old: 'new' };
    const first = await attemptsOf(store.db, me, renamed, { lab: 'new', limit: 2 });
    expect(first.map(({ lab }) => lab)).toEqual(['new', 'new']);
    const rest = await attemptsOf(store.db, me, renamed, { lab: 'new', limit: 2, before: first[1]! });
    expect(rest).toHaveLength(1);
    expect(new Set([...first, ...rest].map(({ id }) => id)).size).toBe(3);
  });

  test('passed is who passed for good, under the present name', async () => {
    record('/f', verdict({ lab: 'old', outcome: 'pass' }));
    record('/f', verdict({ lab: 'later', outcome: 'pass', provisional: true }));
    record('/f', verdict({ lab: 'bad' }));
    await importAttempts(store.db, me);
    expect(await passedLabs(store.db, me, { old: 'new' })).toEqual(new Set(['new']));
  });
});

describe('following', () => {
  let end: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await end?.();
    end = undefined;
  });

  test('tells listeners of a verdict at once, and of what was recorded before', async () => {
    const notices: AttemptNotice[] = [];
    const unlisten = await listenForAttempts(store.sql, (notice) => notices.push(notice));
    record('/f', verdict({ lab: 'before' }));
    end = followAttempts(store.db, me);
    await until(() => notices.length === 1);
    const begun = performance.now();
    record('/f', verdict({ lab: 'after', outcome: 'pass' }));
    await until(() => notices.length === 2);
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(notices.map(({ lab }) => lab)).toEqual(['before', 'after']);
    expect(notices[1]).toMatchObject({ person: me, outcome: 'pass', provisional: false });
    expect((await attemptOf(store.db, me, notices[1]!.id))!.lab).toBe('after');
    await unlisten();
  });

  test('outlives the server, and takes what was recorded while it was down', async () => {
    const url = process.env['DATABASE_URL']!;
    delete process.env['DATABASE_URL'];
    const own = await openStore();
    const mine = (await localPerson(own.db)).id;
    const errors: string[] = [];
    const notices: AttemptNotice[] = [];
    let ready = 0;
    await listenForAttempts(
      own.sql,
      (notice) => notices.push(notice),
      () => ready++,
    );
    const endOwn = followAttempts(own.db, mine, ({ code }) => errors.push(code));
    record('/f', verdict({ lab: 'up' }));
    await until(() => notices.length === 1);
    await stopDatabase();
    record('/f', verdict({ lab: 'down' }));
    await until(() => errors.length > 0);
    expect(errors[0]).toMatch(/^E-DB-(LOST|REACH)$/);
    await startDatabase();
    await until(async () => (await attemptsOf(own.db, mine, {}).catch(() => [])).length === 2, 20_000);
    await until(() => ready === 2, 20_000); // it listens again
    record('/f', verdict({ lab: 'up again' }));
    await until(() => notices.at(-1)?.lab === 'up again', 20_000);
    expect(errors).toHaveLength(1);
    await endOwn();
    await own.close();
    process.env['DATABASE_URL'] = url;
  });
});
