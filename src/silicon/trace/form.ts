// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { Trace } from './trace.ts';

const at = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.int().min(0);
const access = z.object({
  at,
  offset: count,
  bytes: z.int().min(1).max(8),
  value: count,
  register: z.string().exactOptional(),
});
const transfer = z.object({
  at,
  address: z.string().regex(/^0x[0-9a-f]{1,16}$/),
  bytes: count,
  fault: z.string().exactOptional(),
});

/** A trace as it was kept with a verdict, which anybody may have changed meanwhile. */
export const traceForm: z.ZodType<Trace> = z.object({
  part: z.string(),
  seed: z.int().min(0).max(0xffff_ffff),
  events: z.array(
    z.discriminatedUnion('kind', [
      access.extend({ kind: z.literal('read') }),
      access.extend({ kind: z.literal('write') }),
      transfer.extend({ kind: z.literal('dma-read') }),
      transfer.extend({ kind: z.literal('dma-write') }),
      z.object({
        at,
        kind: z.literal('message'),
        interrupt: z.string(),
        vector: count,
        lost: z.literal(true).exactOptional(),
      }),
      z.object({ at, kind: z.literal('violation'), rule: z.string(), detail: z.string() }),
      z.object({ at, kind: z.literal('fault'), what: z.string() }),
      z.object({ at, kind: z.literal('reset') }),
    ]),
  ),
  omitted: count,
  head: count,
});
