// SPDX-License-Identifier: Apache-2.0
// What a device's author uses: `import { describe } from '#bringup/silicon'`.
export { describe } from './describe/describe.ts';
export { DmaError } from './describe/behaviour.ts';
