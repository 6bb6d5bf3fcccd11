// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import type { Board } from './board.ts';

/**
 * A chip on a serial bus, byte by byte: a register number, then the values of that register and the ones after it, the
 * first byte on the wire being the high one where a register is big endian.
 */
export class SerialTarget {
  readonly #board: Board;
  readonly #bytes: ReadonlyMap<number, number>;
  #pointer = 0;
  #written: number[] = [];
  #reading: number[] = [];

  constructor({ registers }: Chip, board: Board) {
    this.#board = board;
    this.#bytes = new Map(registers.map(({ offset, width }) => [offset, width / 8]));
  }

  /** What follows is about this register. */
  point(register: number): void {
    this.end();
    this.#pointer = register;
  }

  /** A byte for the register it points at; the register is written when all of its bytes are there. */
  write(byte: number): void {
    this.#written.push(byte);
    if (this.#written.length === this.#size()) this.#writeRegister();
  }

  /** The next byte; the register is read when its first byte is asked for. */
  read(): number {
    if (this.#reading.length === 0) {
      const size = this.#size();
      const value = this.#board.access() ? this.#board.model.read(this.#pointer, size) : 2 ** (8 * size) - 1;
      this.#reading = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff);
      this.#pointer++;
    }
    return this.#reading.shift()!;
  }

  /** The transfer is over: half of a register that was written is an access of the wrong size. */
  end(): void {
    if (this.#written.length > 0) this.#writeRegister();
    this.#reading = [];
  }

  #writeRegister(): void {
    const value = this.#written.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
    if (this.#board.access()) this.#board.model.write(this.#pointer, this.#written.length, value);
    this.#written = [];
    this.#pointer++;
  }

  #size(): number {
    return this.#bytes.get(this.#pointer) ?? 1;
  }
}
