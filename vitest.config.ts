// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Two files run at a time. Hostile builds want all of the host, so what runs beside them is what has no machine of
// its own; then the files with machines, the longest first.
const order = [
  'hostile/builds',
  'web/',
  'store/',
  'cli/usage',
  'hostile/host',
  'hostile/modules',
  'canaries/',
];

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = order.findIndex((part) => moduleId.includes(`/test/${part}`));
      return at < 0 ? order.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** What measures time: nothing else may run beside it. */
const timed = ['test/web/lighthouse.test.ts', 'test/web/serving.test.ts'];
const limits = { testTimeout: 120_000, hookTimeout: 300_000 };

// `unit` needs nothing but Node; `machine` and `time` need the kit and the core kernel.
export default defineConfig({
  test: {
    sequence: { sequencer: InOrder },
    projects: [
      // Some run the program itself, which takes seconds on a busy host.
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'time', include: timed, ...limits } },
      { test: { name: 'machine', include: ['test/**/*.test.ts'], exclude: timed, ...limits } },
    ],
  },
});
