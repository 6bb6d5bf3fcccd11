// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Row, type RowResult, type Task } from '#bringup/lab';
import { atIdlePriority, device, locksOf, type Question, type Rule, Table } from './table.ts';

const add = ({ id, first, last, doors, code, passes = 0 }: Rule): string =>
  `add ${id} ${first} ${last} ${doors.toString(16)} ${code} ${passes}`;

const set = ({ id, doors, code, passes = 0 }: Rule): string =>
  `set ${id} ${doors.toString(16)} ${code} ${passes}`;

const line = ({ id, first, last, doors, code, passes }: Rule): string =>
  `${id} ${first} ${last} ${doors.toString(16)} ${code} ${passes ?? '-'}\n`;

const bit = (door: number): bigint => 1n << BigInt(door);

export default check(async ({ step, guest, module, draw }) => {
  const base = 1000 + draw(1_000_000);
  const code = 100 + draw(1_000_000);
  const door = draw(60);
  const requirement = (id: string, work: (table: Table) => Promise<void>): Promise<void> =>
    step(id, async () => work(await Table.open(guest, module)));
  /** `count` rules for one badge each; the badge of the last one makes a question look at all of them. */
  const many = (count: number, change: Partial<Rule> = {}): Rule[] =>
    Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      first: base + i,
      last: base + i,
      doors: bit(door),
      code,
      ...change,
    }));

  await requirement('answers', async (table) => {
    const early = { id: 7, first: base, last: base + 9, doors: bit(door) | bit(63), code };
    const late = {
      id: 3,
      first: base + 5,
      last: base + 20,
      doors: bit(door) | bit(door + 1),
      code: code + 1,
    };
    await table.give(add(early));
    await table.give(`${add(late)}\n`.trimEnd());
    for (const [question, answer] of [
      [{ badge: base, door, code }, ''],
      [{ badge: base + 9, door: 63, code }, ''],
      [{ badge: base + 4, door: door + 1, code }, 'EACCES'],
      [{ badge: base + 4, door, code: code + 1 }, 'EACCES'],
      [{ badge: base + 7, door: door + 1, code: code + 1 }, 'EACCES'],
      [{ badge: base + 10, door: door + 1, code: code + 1 }, ''],
      [{ badge: base + 20, door, code: code + 1 }, ''],
      [{ badge: base + 21, door, code }, 'ENOENT'],
      [{ badge: base - 1, door, code }, 'ENOENT'],
      [{ badge: base, door: 64, code }, 'EINVAL'],
    ] as const)
      expect(
        await table.ask(question),
        `the answer to ${JSON.stringify(question)} with the rules
${line(early)}${line(late)}`,
      ).toBe(answer);
    await expect(table.file.ioctl(0x400cdc02, Buffer.alloc(12)), 'another ioctl').toFail('ENOTTY');
  });

  await requirement('edits', async (table) => {
    const rules = many(4);
    const [one, two, three, four] = rules as [Rule, Rule, Rule, Rule];
    await table.giveAll(rules.map(add));
    expect(await table.text(), 'the table').toBe(rules.map(line).join(''));
    await expect(table.file.write(add(two)), '"add" of a rule that is there').toFail('EEXIST');
    await expect(table.file.write('add 9 5 4 1 1 0'), '"add" of badges 5 to 4').toFail('EINVAL');
    await expect(table.file.write('add 9 4 5 1 1'), '"add" without PASSES').toFail('EINVAL');
    await expect(table.file.write('set 9 1 1 0'), '"set" of a rule that is not there').toFail('ENOENT');
    await expect(table.file.write('del 9'), '"del" of a rule that is not there').toFail('ENOENT');
    const other = { ...two, doors: bit(door) | bit(62), code: code + 5 };
    await table.give(set(other));
    await table.give('del 3');
    expect(await table.text(), 'the table after "set 2" and "del 3"').toBe(
      [one, other, four].map(line).join(''),
    );
    expect(await table.ask({ badge: two.first, door: 62, code: code + 5 }), 'an answer after "set"').toBe('');
    expect(await table.ask({ badge: two.first, door, code }), 'an answer after "set"').toBe('EACCES');
    expect(await table.ask({ badge: three.first, door, code }), 'an answer after "del"').toBe('ENOENT');
    await table.give(add(three));
    expect(await table.text(), 'the table after "add 3"').toBe([one, other, four, three].map(line).join(''));
    await table.give('clear');
    expect(await table.text(), 'the table after "clear"').toBe('');
    expect(await table.ask({ badge: one.first, door, code }), 'an answer after "clear"').toBe('ENOENT');
    await table.giveAll(many(256).map(add));
    await expect(table.file.write('add 999 1 2 1 1 0'), '"add" of a 257th rule').toFail('ENOSPC');
    expect(await table.ask({ badge: base + 255, door, code }), 'an answer by the last of 256 rules').toBe('');
  });

  await requirement('counts-passes', async (table) => {
    const question = { badge: base, door, code };
    const visitor = { id: 1, first: base, last: base, doors: bit(door), code, passes: 3 };
    const behind = { id: 2, first: base, last: base + 5, doors: bit(door) | bit(63), code: code + 1 };
    await table.giveAll([add(visitor), add(behind)]);
    for (const left of [3, 2, 1]) {
      expect(await table.text(), 'the table').toBe(line({ ...visitor, passes: left }) + line(behind));
      expect(await table.ask({ ...question, code: 0 }), 'a question with a wrong code').toBe('EACCES');
      expect(await table.ask(question), `a question with ${left} passes left`).toBe('');
    }
    expect(await table.text(), 'the table after the last pass').toBe(line(behind));
    expect(await table.ask(question), 'the same question after the last pass').toBe('EACCES');
    expect(await table.ask({ ...question, door: 63, code: code + 1 }), 'the next rule').toBe('');
    await expect(table.file.write('del 1'), '"del" after the last pass').toFail('ENOENT');
    await table.give(add({ ...visitor, passes: 1 }));
    expect(await table.text(), 'the table').toBe(line(behind) + line({ ...visitor, passes: 1 }));
    await table.give('del 2');
    await table.give(set({ ...visitor, passes: 2 }));
    expect(await table.ask(question), 'the first of two passes').toBe('');
    expect(await table.ask(question), 'the second of two passes').toBe('');
    expect(await table.ask(question), 'a question after two of two passes').toBe('ENOENT');
  });

  await requirement('takes-no-lock', async (table) => {
    await table.giveAll([...many(8), { ...many(9)[8]!, passes: 1000 }].map(add));
    const asker = await guest.task();
    const locks = await locksOf(guest, asker, async () => {
      for (const question of [
        { badge: base + 7, door, code },
        { badge: base + 8, door, code },
        { badge: base, door, code: code + 1 },
        { badge: base + 99, door, code },
      ])
        await table.ask(question, asker);
    });
    expect(locks.join(', '), 'what locks four questions took').toBe('');
  });

  await requirement('replaces-whole-rules', async (table) => {
    const before = { id: 1, first: base, last: base, doors: bit(1) | bit(3), code };
    const after = { ...before, doors: bit(2) | bit(3), code: code + 1 };
    const same = { ...before, id: 2, first: base + 1, last: base + 1 };
    await table.giveAll([add(before), add(same)]);
    const [setter, asker] = await guest.tasks(2);
    await atIdlePriority(setter, async () => {
      const questions = [
        { badge: base, door: 1, code: code + 1 },
        { badge: base, door: 2, code },
        { badge: base + 1, door: 3, code },
      ];
      const [, asked] = await guest.storm(
        {
          task: setter,
          times: 300,
          row: table.row([set(after), set({ ...same, doors: bit(3) }), set(before), set(same)]),
        },
        { task: asker, times: 250, row: table.row([110, ...questions]) },
      );
      const good = asked!.slice(1).map((call) => call.good);
      expect(good.slice(0, 2), 'how many questions passed that pass by no rule that ever was there').toEqual([
        0, 0,
      ]);
      expect(
        good[2],
        'how many of 250 questions passed that pass by the rule before and after each "set"',
      ).toBe(250);
    });
  });

  await requirement('outlives-readers', async (table) => {
    const rules = many(64);
    const last: Question = { badge: base + 63, door, code };
    const [asker, changer, hog] = await guest.tasks(3);
    /** One asks, at idle priority; one wakes up from a pause, changes the table, and pauses again. */
    const interrupt = (times: number, calls: readonly (string | Question | number)[]): Promise<void> =>
      atIdlePriority(asker, async () => {
        await guest.storm(
          { task: asker, times: 300, row: table.row([last]) },
          { task: changer, times, row: table.row(calls) },
        );
      });
    const pause = 170;
    await table.giveAll(rules.map(add));
    await interrupt(12, [pause, ...rules.map(set)]);
    await interrupt(12, [pause, 'clear', ...rules.map(add)]);
    await interrupt(12, [pause, ...rules.map(({ id }) => `del ${id}`), ...rules.map(add)]);
    await table.give('clear');
    const once = rules.map((rule) => ({ ...rule, passes: 1 }));
    const passing = rules.map(({ first }) => ({ badge: first, door, code }));
    await interrupt(12, [...once.map(add), pause, ...passing]);

    // With the processor kept until grace periods are over: who is in no read-side section is not waited for.
    const symbols = await hog.open('/proc/kallsyms', 'r'); // whose text takes long to make
    const probe = symbols.readAt(0, 4096);
    await probe;
    const calls = Math.min(400, Math.ceil(60e6 / Number(probe.duration))); // some 60 ms
    const sink = hog.arena.end - 4096n;
    const all = many(256);
    const lastOfAll: Question = { badge: base + 255, door, code };
    for (let round = 0; round < 5; round++) {
      // So many are waiting to be freed when all are removed that kfree_rcu() does not put it off.
      await table.give('clear');
      await table.giveAll([...all.map(add), ...all.map(set)]);
      await atIdlePriority(asker, async () => {
        await guest.storm(
          { task: asker, times: 40, row: table.row([lastOfAll]) },
          { task: changer, times: 1, row: table.row([300 + 11 * round, 'clear']) },
          {
            task: hog,
            times: 1,
            row: (row) => {
              table.row([330 + 11 * round])(row);
              for (let call = 0; call < calls; call++) row.call('pread64', [symbols.fd, sink, 4096, 0]);
            },
          },
        );
      });
    }
  });

  await requirement('lists-in-pieces', async (table) => {
    const rules = many(160);
    await table.giveAll(rules.map(add));
    const whole = rules.map(line).join('');
    expect(await table.text(1000), 'the table, read in pieces of 1000 bytes').toBe(whole);
    let next = 0;
    const text = await table.text(700, async () => {
      // The rules at which a reader may have stopped go, and so does their memory.
      const at = next;
      next += 27;
      await table.giveAll(rules.slice(at, next).map(({ id }) => `del ${id}`));
      if (at < 54) await guest.sleep('8s');
    });
    const known = new Set(rules.map(line));
    const strange = text.split(/(?<=\n)/).filter((part) => !known.has(part));
    expect(strange.join(''), 'what is no line of the table, when rules go between two pieces').toBe('');
  });

  await requirement('frees-what-it-removed', async (table) => {
    const cycle = async (): Promise<number> => {
      const rules = many(128);
      await table.giveAll(rules.map(add));
      const peak = await guest.allocated(module);
      await table.giveAll(rules.slice(0, 40).map(set));
      await table.giveAll(rules.slice(0, 20).map(({ id }) => `del ${id}`));
      await table.giveAll(rules.slice(20).map((rule) => set({ ...rule, passes: 1 })));
      const last = rules.slice(20).map(({ first }) => ({ badge: first, door, code }));
      await guest.storm({ task: table.file.task, times: 1, row: table.row(last) });
      expect(await table.text(), 'the table when all rules are removed or have no pass left').toBe('');
      return peak;
    };
    await guest.sleep('10s');
    const before = await guest.allocated(module);
    const most = (await cycle()) - before;
    await guest.sleep('10s');
    const first = await guest.allocated(module);
    expect(first - before, `bytes left of ${most} for 128 rules, 10 s after all were removed,`).toBeAtMost(
      most / 4,
    );
    await cycle();
    await guest.sleep('10s');
    expect(await guest.allocated(module), 'bytes the module holds after the same once more').toBeAtMost(
      first,
    );
  });

  await requirement('unloads', async (table) => {
    await table.giveAll([...many(64).map(add), ...many(32).map(set), 'del 1', 'del 64']);
    await table.file.close();
    await guest.unload(module); // the kernel looks for what is left, and is watched for a while
    expect(await guest.exists(device), `${device} after unloading`).toBe(false);
  });
});

/** On two processors: many who take last passes, add and remove at the same moment. */
export const race = check(async ({ step, guest, module, draw }) => {
  const base = 1000 + draw(1_000_000);
  const question: Question = { badge: base, door: draw(64), code: 1 + draw(1_000_000) };
  const rule: Rule = {
    id: 1,
    first: base,
    last: base,
    doors: bit(question.door),
    code: question.code,
    passes: 1,
  };
  const good = (calls: RowResult, from = 0): number =>
    calls.slice(from).reduce((all, call) => all + call.good, 0);

  await step('counts-passes', async () => {
    const table = await Table.open(guest, module);
    const [one, other, third] = await guest.tasks(3);
    const asking = (task: Task, times: number): { task: Task; times: number; row: (row: Row) => void } => ({
      task,
      times,
      row: table.row([question]),
    });
    await table.give(add({ ...rule, passes: 100_000 }));
    await guest.storm(asking(one, 2000), asking(other, 2000));
    const text = line({ ...rule, passes: 96_000 });
    expect(await table.text(), 'the table after 4000 questions, by a rule with 100000 passes').toBe(text);
    await table.give(set({ ...rule, passes: 300 }));
    const both = await guest.storm(asking(one, 250), asking(other, 250));
    expect(
      good(both[0]!) + good(both[1]!),
      'how many of 500 questions passed, by a rule with 300 passes',
    ).toBe(300);

    const storms = await guest.storm(
      asking(one, 1500),
      asking(other, 1500),
      { task: third, times: 500, row: table.row([add(rule)]) },
      { task: await guest.task(), times: 100, row: table.row([`del ${rule.id}`, 20]) },
    );
    const [first, second, added, removed] = storms as [RowResult, RowResult, RowResult, RowResult];
    const left = (await table.text()).length > 0 ? 1 : 0;
    expect(
      good(first) + good(second) + removed[0]!.good + left,
      `questions that passed, and "del" commands that succeeded, with rules of one pass, of which ${good(added)} were added,`,
    ).toBe(good(added));
  });

  await step('outlives-readers', async () => {
    const table = await Table.open(guest, module);
    const rules = Array.from({ length: 32 }, (_, i) => ({
      ...rule,
      id: i + 1,
      first: base + i,
      last: base + i,
      passes: 0,
    }));
    const [one, other] = await guest.tasks(2);
    await guest.storm(
      { task: one, times: 1500, row: table.row([{ ...question, badge: base + 31 }]) },
      {
        task: other,
        times: 12,
        row: table.row([...rules.map(add), ...rules.map(set), ...rules.map(({ id }) => `del ${id}`)]),
      },
    );
    expect(await table.text(), 'the table when all rules were removed').toBe('');
  });
});
