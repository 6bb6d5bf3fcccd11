// SPDX-License-Identifier: Apache-2.0

/**
 * What a check does to a chip so that it fails like hardware does. Faults of one `kind` and path replace each other and
 * hold until `clear`.
 *
 * - `value`: a register, a field of one (`STATUS.DONE`) or of a structure in memory (`completion.LENGTH`) has this value
 *   whenever the driver sees it, whatever the chip wanted it to be. For a register or field that is one value the number
 *   may be any that fits.
 * - `late`: what the chip does after a while it does so many nanoseconds later; without `by`, never.
 * - `lost`: messages are not sent: the next `times`, or all; of one interrupt, or of any.
 * - `dma`: transfers fail: the next `times`, or all.
 * - `remove`: the chip is pulled out of its slot just before the access so many accesses from now: 0 is the next one.
 */
export type Fault =
  | { kind: 'value'; path: string; value: number | string }
  | { kind: 'late'; by?: number }
  | { kind: 'lost'; interrupt?: string; times?: number }
  | { kind: 'dma'; times?: number }
  | { kind: 'remove'; after: number };

/** The faults that a chip has now. */
export class Faults {
  readonly values = new Map<string, number | string>();
  #late: { by: number } | undefined;
  #lost: { interrupt?: string; left: number } | undefined;
  #dma = 0;
  #removal: number | undefined;

  add(fault: Fault): void {
    switch (fault.kind) {
      case 'value':
        return void this.values.set(fault.path, fault.value);
      case 'late':
        return void (this.#late = { by: fault.by ?? Infinity });
      case 'lost': {
        const { interrupt, times = Infinity } = fault;
        return void (this.#lost = { left: times, ...(interrupt !== undefined && { interrupt }) });
      }
      case 'dma':
        return void (this.#dma = fault.times ?? Infinity);
      case 'remove':
        return void (this.#removal = fault.after);
    }
  }

  clear(): void {
    this.values.clear();
    this.#late = this.#lost = this.#removal = undefined;
    this.#dma = 0;
  }

  /** Nanoseconds that what comes after a while is late. */
  get late(): number {
    return this.#late?.by ?? 0;
  }

  /** Whether this message gets lost; it is counted. */
  loses(interrupt: string): boolean {
    const lost = this.#lost;
    if (!lost || lost.left === 0 || (lost.interrupt !== undefined && lost.interrupt !== interrupt))
      return false;
    lost.left--;
    return true;
  }

  /** Whether this transfer fails; it is counted. */
  failsTransfer(): boolean {
    if (this.#dma === 0) return false;
    this.#dma--;
    return true;
  }

  /** Whether the chip is pulled at this access; it is counted. */
  removesNow(): boolean {
    return this.#removal !== undefined && this.#removal-- === 0;
  }
}

/** A fault in words, for the trace. */
export function wordsOf(fault: Fault): string {
  const times = 'times' in fault && fault.times !== undefined ? `the next ${fault.times}` : 'all';
  switch (fault.kind) {
    case 'value':
      return `${fault.path} reads as ${fault.value}`;
    case 'late':
      return fault.by === undefined ? 'nothing is ever done' : `everything is ${fault.by / 1e6} ms late`;
    case 'lost':
      return `${times} messages${fault.interrupt === undefined ? '' : ` of ${fault.interrupt}`} get lost`;
    case 'dma':
      return `${times} transfers fail`;
    case 'remove':
      return `to be removed after ${fault.after} accesses`;
  }
}
