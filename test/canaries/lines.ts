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
  const frames = reports.flatMap(framesOf).map(asReturnAddress);
  const locate = await symbolizer(kit, file, 'canaries', frames, sources);
  return (frame) => {
    const place = frame.file === undefined ? locate(asReturnAddress(frame)) : frame;
    return `${(place?.file ?? '?').replace(/^\/work\//, '')}:${place?.line ?? '?'}`;
  };
}

/** The symbolizer takes every place for one that a call returns to, and looks just before it. */
function asReturnAddress(frame: Frame): Frame {
  return frame.exact ? { ...frame, offset: frame.offset + 1 } : frame;
}
