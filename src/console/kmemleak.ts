// SPDX-License-Identifier: Apache-2.0
// /sys/kernel/debug/kmemleak (mm/kmemleak.c: print_unreferenced).
import { parseFrame, type Frame } from './frame.ts';
import type { Report } from './report.ts';

export interface LeakObject {
  address: bigint;
  size: number;
  comm: string;
  pid: number;
  /** Seconds since it was allocated; only older kernels print it. */
  age?: number;
  /** Where it was allocated. */
  backtrace: Frame[];
}

/** The objects in the text of the debugfs file, or of a log if kmemleak is verbose. */
export function parseKmemleak(text: string): LeakObject[] {
  const objects: LeakObject[] = [];
  let object: LeakObject | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.replace(/^kmemleak: /, '').slice(0, 4096);
    const head = /^unreferenced object 0x([0-9a-f]{1,16}) \(size (\d{1,15})\)/.exec(line);
    if (head) {
      object = {
        address: BigInt(`0x${head[1] ?? '0'}`),
        size: Number(head[2]),
        comm: '',
        pid: 0,
        backtrace: [],
      };
      objects.push(object);
      continue;
    }
    if (!object) continue;
    const who =
      /^\s{1,4}comm "(.{0,32}?)", pid (\d{1,10}), jiffies \d{1,20}(?: \(age (\d{1,12}(?:\.\d{1,3})?)s?\))?/.exec(
        line,
      );
    if (who) {
      object.comm = who[1] ?? '';
      object.pid = Number(who[2]);
      if (who[3] !== undefined) object.age = Number(who[3]);
      continue;
    }
    const frame = parseFrame(line);
    if (frame) object.backtrace.push(frame);
  }
  return objects;
}

/** Leaked objects as reports. They are in no log, so `first` and `last` are -1. */
export function leakReports(objects: readonly LeakObject[]): Report[] {
  return objects.map((object) => ({
    kind: 'leak',
    title: 'memory that nothing points to',
    detail: `${object.size} bytes`,
    first: -1,
    last: -1,
    trace: [],
    allocated: object.backtrace,
    task: { comm: object.comm, pid: object.pid },
  }));
}
