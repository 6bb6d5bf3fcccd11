// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';

export default check(async ({ step, guest, module, seed }) => {
  // Drawn from the seed, so that no answer can be written into the module.
  const number = 1 + (seed >>> 8);

  await step('answers', async () => {
    await guest.load(module, { number });
    const file = await guest.main.open(`/dev/${module}`);
    await expect(file.read(100), 'the first read()').toReturn(`${number}\n`);
    await expect(file.read(100), 'a read() at the end').toReturn('');
  });
});
