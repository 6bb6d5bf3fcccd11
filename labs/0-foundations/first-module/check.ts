// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Guest, type Task } from '#bringup/lab';

const folder = '/sys/module/first/parameters';

export default check(async ({ step, guest, module, seed }) => {
  // Eight names of different lengths, the most there may be.
  const names = Array.from({ length: 8 }, (_, i) => `n${((seed >>> i) % 997) * 10 + i}${'x'.repeat(i)}`);
  const first = 1 + (seed % 3);
  const second = 4 + (seed % 3);

  /** What the files say, in the order of the table in the brief. */
  const files = async (task: Task): Promise<string[]> => [
    await task.readFile(`${folder}/names`),
    await task.readFile(`${folder}/pick`),
    await task.readFile(`${folder}/picked`),
  ];
  const picks = async (task: Task): Promise<string[]> => (await files(task)).slice(1);

  await step('has-defaults', async () => {
    const task = await guest.task();
    await guest.load(module, {}, task);
    const found = await files(task);
    await guest.unload(module, task);
    expect(found, 'what names, pick and picked read').toEqual(['alpha,beta,gamma\n', '0\n', 'alpha\n']);
  });

  await step('takes-parameters', async () => {
    const task = await gone(guest);
    // The pick comes first: it cannot be held against the names yet.
    await guest.load(module, { pick: first, names: names.join(',') }, task);
    expect(await files(task), 'what names, pick and picked read').toEqual([
      `${names.join(',')}\n`,
      `${first}\n`,
      `${names[first]}\n`,
    ]);
  });

  await step('follows-a-change', async () => {
    const task = await ready(guest);
    for (const pick of [7, 0, second]) {
      await task.writeFile(`${folder}/pick`, `${pick}\n`);
      expect(await picks(task), `pick and picked after ${pick} was written`).toEqual([
        `${pick}\n`,
        `${names[pick]}\n`,
      ]);
    }
  });

  await step('refuses-a-bad-change', async () => {
    const task = await ready(guest);
    await task.writeFile(`${folder}/pick`, String(second));
    const file = await task.open(`${folder}/pick`, 'w');
    for (const [wrong, errno] of [
      ['8', 'ERANGE'],
      ['2x', 'EINVAL'],
      ['4294967296', 'ERANGE'],
      ['two\n', 'EINVAL'],
    ] as const) {
      await expect(file.write(wrong), `writing ${JSON.stringify(wrong)} to pick`).toFail(errno);
    }
    await file.close();
    expect(await picks(task), 'pick and picked after writes that failed').toEqual([
      `${second}\n`,
      `${names[second]}\n`,
    ]);
  });

  await step('refuses-a-bad-pair', async () => {
    const task = await gone(guest);
    const two = { names: names.slice(0, 2).join(','), pick: 2 };
    await expect(guest.load(module, two, task)).toFail('ERANGE');
    expect(await guest.exists('/sys/module/first'), 'being in /sys/module after a failed load').toBe(false);
  });

  await step('refuses-bad-names', async () => {
    const task = await gone(guest);
    await expect(guest.load(module, { names: `${names[0]},,${names[1]}` }, task)).toFail('EINVAL');
    const nine = [...names, 'nine'].join(',');
    await expect(guest.load(module, { names: nine }, task), 'loading with nine names').toFail('E2BIG');
  });

  // Last: where this goes wrong, no other module can be loaded any more.
  await step('picked-is-not-set', async () => {
    const task = await gone(guest);
    await expect(guest.load(module, { names: 'red,green', picked: 'red' }, task)).toFail('EPERM');
  });

  /** A task, with the module loaded with the eight names. */
  async function ready(of: Guest): Promise<Task> {
    const task = await of.task();
    if (!of.loaded.includes(module)) await of.load(module, { names: names.join(',') }, task);
    return task;
  }

  /** A task, without the module. */
  async function gone(of: Guest): Promise<Task> {
    const task = await of.task();
    if (of.loaded.includes(module)) await of.unload(module, task);
    return task;
  }
});
