// SPDX-License-Identifier: Apache-2.0
import * as wire from './commands.ts';
import { headerBytes, largestTransfer, message, parseHeader, type Header } from './frame.ts';
import { closeFd, LibcError, readable, receive, sendAll } from './libc.ts';

/** A PCI device as the protocol sees it. Each function may throw Refused. */
export interface Target {
  /** Bytes of each region, by its index; 0 for one that is not there. */
  regionSize: (region: number) => number;
  /** How many vectors there are of a kind. */
  vectors: (kind: wire.InterruptKind) => number;
  read: (region: number, offset: number, length: number) => Buffer;
  write: (region: number, offset: number, data: Buffer) => void;
  /** Eventfds in it belong to the target from now on, unless it throws. */
  setIrqs: (change: wire.SetIrqs) => void;
  map: (address: bigint, size: bigint, writable: boolean) => void;
  /** Without a range: all of it. */
  unmap: (range?: { address: bigint; size: bigint }) => void;
  reset: () => void;
}

interface Message extends Header {
  payload: Buffer;
  fds: number[];
}

/** A transfer that the other side did not carry out. */
export class DmaFailed extends Error {
  readonly errno: number;

  constructor(what: string, errno: number) {
    super(`${what} failed with errno ${errno}`);
    this.name = 'DmaFailed';
    this.errno = errno;
  }
}

const capabilities = { max_msg_fds: 8, max_data_xfer_size: largestTransfer };

/**
 * The device's end of a connection with QEMU. It blocks the thread it is used in, which must not be the engine's.
 * Throws NotVfioUser when the other side does not speak the protocol.
 */
export class Server {
  readonly #socket: number;
  readonly #target: Target;
  #next = 1;
  /** False once the other side is gone. */
  open = true;

  constructor(socket: number, target: Target) {
    this.#socket = socket;
    this.#target = target;
  }

  /** Handles what has come or comes within so many milliseconds, at most one message; gives whether one did. */
  serve(milliseconds: number): boolean {
    if (!readable([this.#socket], milliseconds)[0]) return false;
    const request = this.#receive();
    if (request) this.#handle(request);
    return request !== undefined;
  }

  /** Reads guest memory as the device's bus master. Throws DmaFailed. */
  dmaRead(address: bigint, length: number): Buffer {
    const what = `reading ${length} bytes of guest memory at ${address.toString(16)}`;
    const reply = this.#ask(wire.command.dmaRead, wire.dmaRequest(address, length), what);
    if (reply.length !== 16 + length) throw new DmaFailed(what, wire.errno.EIO);
    return reply.subarray(16);
  }

  /** Writes guest memory as the device's bus master. Throws DmaFailed. */
  dmaWrite(address: bigint, data: Buffer): void {
    const what = `writing ${data.length} bytes of guest memory at ${address.toString(16)}`;
    this.#ask(wire.command.dmaWrite, wire.dmaRequest(address, data.length, data), what);
  }

  /** Asks and waits for the answer; what QEMU asks meanwhile is answered, or both would wait for ever. */
  #ask(command: number, payload: Buffer, what: string): Buffer {
    const id = this.#next++ & 0xffff;
    this.#send(message({ id, command, kind: 'request' }, payload));
    for (;;) {
      const next = this.#receive();
      if (!next) throw new DmaFailed(what, wire.errno.EIO);
      if (next.kind === 'request') this.#handle(next);
      else if (next.id === id) {
        if (next.error !== 0) throw new DmaFailed(what, next.error);
        return next.payload;
      }
    }
  }

  #send(bytes: Buffer): void {
    try {
      sendAll(this.#socket, bytes);
    } catch (thrown) {
      if (!(thrown instanceof LibcError)) throw thrown;
      this.open = false; // a message that QEMU did not take whole is the last one
    }
  }

  #receive(): Message | undefined {
    if (!this.open) return undefined;
    const first = receive(this.#socket, headerBytes);
    const header = first && parseHeader(first.bytes);
    const rest = header && (header.length > 0 ? receive(this.#socket, header.length) : emptyRest);
    if (!first || !header || !rest) {
      this.open = false;
      first?.fds.forEach(closeFd);
      return undefined;
    }
    return { ...header, payload: rest.bytes, fds: [...first.fds, ...rest.fds] };
  }

  #handle(request: Message): void {
    const { id, command, silent } = request;
    let reply: Buffer | undefined;
    let error = 0;
    try {
      reply = this.#carryOut(request);
    } catch (thrown) {
      if (!(thrown instanceof wire.Refused)) throw thrown;
      error = thrown.errno;
      if (command === wire.command.setIrqs) request.fds.forEach(closeFd); // else they are closed already
    }
    if (!silent) this.#send(message({ id, command, kind: 'reply', error }, reply));
  }

  #carryOut({ command, payload, fds }: Message): Buffer | undefined {
    const target = this.#target;
    // Only interrupts bring descriptors that are kept; memory is private to QEMU and reached by messages.
    if (command !== wire.command.setIrqs) fds.forEach(closeFd);
    switch (command) {
      case wire.command.version:
        return wire.versionReply(wire.parseVersion(payload).minor, capabilities);
      case wire.command.dmaMap: {
        const { address, size, writable } = wire.parseDmaMap(payload);
        return void target.map(address, size, writable);
      }
      case wire.command.dmaUnmap: {
        const { all, ...range } = wire.parseDmaUnmap(payload);
        target.unmap(all ? undefined : range);
        return payload;
      }
      case wire.command.deviceInfo:
        return wire.deviceInfoReply();
      case wire.command.regionInfo: {
        const index = wire.parseIndex(payload);
        return wire.regionInfoReply(index, target.regionSize(known(index, wire.regionCount)));
      }
      case wire.command.irqInfo: {
        const index = known(wire.parseIndex(payload), wire.interruptKinds.length);
        return wire.irqInfoReply(index, target.vectors(wire.interruptKinds[index]!));
      }
      case wire.command.setIrqs:
        return void target.setIrqs(wire.parseSetIrqs(payload, fds));
      case wire.command.regionRead: {
        const access = this.#within(wire.parseAccess(payload));
        return wire.accessReply(access, target.read(access.region, access.offset, access.count));
      }
      case wire.command.regionWrite: {
        const access = this.#within(wire.parseAccess(payload));
        if (access.data.length !== access.count) throw new wire.Refused('data of another length than told');
        target.write(access.region, access.offset, access.data);
        return wire.accessReply(access);
      }
      case wire.command.reset:
        return void target.reset();
      default:
        throw new wire.Refused(`command ${command}`, wire.errno.ENOTSUP);
    }
  }

  #within(access: wire.Access): wire.Access {
    const size = this.#target.regionSize(known(access.region, wire.regionCount));
    if (access.count > largestTransfer || access.offset + access.count > size)
      throw new wire.Refused(`an access beyond region ${access.region}`);
    return access;
  }
}

const emptyRest = { bytes: Buffer.alloc(0), fds: [] as number[] };

function known(index: number, count: number): number {
  if (index >= count) throw new wire.Refused(`there is no number ${index} of ${count}`);
  return index;
}
