// SPDX-License-Identifier: Apache-2.0
// The console: the kernel log as data.
export { blame, blameKernel } from './blame.ts';
export { explain, type Explanation } from './explain.ts';
export { frameName, parseFrame, type Frame, type Stack } from './frame.ts';
export { detectorOff, isHarmless, lostMessages } from './health.ts';
export { kinds, type KindId } from './kinds.ts';
export { leakReports, parseKmemleak, type LeakObject } from './kmemleak.ts';
export { parseLog, parseLogLine, type Message } from './message.ts';
export { outOfTreeModules } from './modules.ts';
export { render, type Locate, type Location } from './render.ts';
export { findReports, type Report } from './report.ts';
