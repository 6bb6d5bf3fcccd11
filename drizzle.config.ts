// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'drizzle-kit';

// npx drizzle-kit generate --name <what>: writes the next migration after src/store/schema.ts was changed.
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/store/schema.ts',
  out: './src/store/migrations',
  casing: 'snake_case',
});
