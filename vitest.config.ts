// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// `unit` needs nothing but Node; `machine` needs the kit and the core kernel.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        test: {
          name: 'machine',
          include: ['test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
