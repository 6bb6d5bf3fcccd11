// SPDX-License-Identifier: Apache-2.0
import { enableCompileCache } from 'node:module';

// The sources run as they are; what Node strips and compiles of them is kept for the next start.
enableCompileCache();
const { main } = await import('./program.ts');
process.exitCode = await main(process.argv);
