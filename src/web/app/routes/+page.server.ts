// SPDX-License-Identifier: Apache-2.0
import { stageLines, type StageLine } from '../../site/stages.ts';

export function load(): { lines: StageLine[] } {
  return { lines: stageLines() };
}
