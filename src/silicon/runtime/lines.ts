// SPDX-License-Identifier: Apache-2.0

/** Lines of a carrier as bits of 32-bit numbers, and which of them interrupt. */
export class Lines {
  /** Levels now: what chips drive; a line that nobody drives is high. */
  levels = 0xffffffff;
  /** What the guest drives, and which lines it does. */
  output = 0;
  direction = 0;
  /** Edges seen on lines that are to be watched for them. */
  events = 0;
  rising = 0;
  falling = 0;
  /** Lines that interrupt while they are low. */
  low = 0;
  enable = 0;

  /** What the guest reads: its own outputs as it drives them. */
  get input(): number {
    return ((this.levels & ~this.direction) | (this.output & this.direction)) >>> 0;
  }

  /** What interrupts now. */
  get pending(): number {
    return ((this.events | (this.low & ~this.levels)) & this.enable) >>> 0;
  }

  /** A chip drives a line. */
  drive(line: number, high: boolean): void {
    const bit = (1 << line) >>> 0;
    const was = (this.levels & bit) !== 0;
    if (was === high) return;
    this.levels = (high ? this.levels | bit : this.levels & ~bit) >>> 0;
    if ((high ? this.rising : this.falling) & bit) this.events = (this.events | bit) >>> 0;
  }
}
