// SPDX-License-Identifier: Apache-2.0
import type { Frame, Report } from '../../src/console/index.ts';
import { framesOf } from '../../src/lab/findings.ts';
import { symbolizer } from '../../src/lab/symbolize.ts';
import { sources } from './cases.ts';
import type { Aviary } from './commit.ts';

/** Gives the source line of frames in the reports, as 'file:line'. */
export async function lines(
  { kit, file }: Aviary,
  reports: readonly Report[],
): Promise<(frame: Frame) => string> {
  const frames = reports.flatMap(framesOf);
  const locate = await symbolizer(kit, file, 'canaries', frames, sources);
  return (frame) => {
    const place = frame.file === undefined ? locate(frame) : frame;
    return `${(place?.file ?? '?').replace(/^\/work\//, '')}:${place?.line ?? '?'}`;
  };
}
