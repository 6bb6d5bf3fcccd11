// SPDX-License-Identifier: Apache-2.0
// The system calls that Node has no name for: sockets that carry file descriptors, and waiting for several at once.
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const native = {
  socket: libc.func('int socket(int, int, int)'),
  bind: libc.func('int bind(int, const void*, uint32_t)'),
  listen: libc.func('int listen(int, int)'),
  accept4: libc.func('int accept4(int, void*, void*, int)'),
  chmod: libc.func('int chmod(const char*, unsigned int)'),
  socketpair: libc.func('int socketpair(int, int, int, void*)'),
  recvmsg: libc.func('int64_t recvmsg(int, void*, int)'),
  read: libc.func('int64_t read(int, void*, uint64_t)'),
  send: libc.func('int64_t send(int, const void*, uint64_t, int)'),
  write: libc.func('int64_t write(int, const void*, uint64_t)'),
  poll: libc.func('int poll(void*, uint64_t, int)'),
  eventfd: libc.func('int eventfd(unsigned int, int)'),
  close: libc.func('int close(int)'),
  shutdown: libc.func('int shutdown(int, int)'),
};

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const pathBytes = 108; // of struct sockaddr_un
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const EINTR = 4;
const EFD_CLOEXEC = 0o2000000;

/** A system call failed. */
export class LibcError extends Error {
  readonly errno: number;

  constructor(call: string) {
    const errno = koffi.errno();
    super(`${call}() failed with errno ${errno}`);
    this.name = 'LibcError';
    this.errno = errno;
  }
}

/** A socket that anybody who gets at the path may connect to, one at a time; the path is at most 107 bytes long. */
export function listenAt(path: string): number {
  const address = Buffer.alloc(2 + pathBytes);
  if (Buffer.byteLength(path) >= pathBytes) throw new RangeError(`${path} is too long for a socket`);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  const listener = native.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) as number;
  if (listener < 0) throw new LibcError('socket');
  if (native.bind(listener, address, address.length) !== 0) throw new LibcError('bind');
  native.chmod(path, 0o666);
  if (native.listen(listener, 1) !== 0) throw new LibcError('listen');
  return listener;
}

/** The connection of who connects next; waits for it. */
export function acceptOne(listener: number): number {
  for (;;) {
    const connection = native.accept4(listener, null, null, SOCK_CLOEXEC) as number;
    if (connection >= 0) return connection;
    if (koffi.errno() !== EINTR) throw new LibcError('accept4');
  }
}

/** Two connected sockets, inherited by programs unless they are closed. */
export function socketPair(): [number, number] {
  const pair = Buffer.alloc(8);
  if (native.socketpair(AF_UNIX, SOCK_STREAM, 0, pair) !== 0) throw new LibcError('socketpair');
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** A counter that wakes whoever polls it. */
export function eventFd(): number {
  const fd = native.eventfd(0, EFD_CLOEXEC) as number;
  if (fd < 0) throw new LibcError('eventfd');
  return fd;
}

export function closeFd(fd: number): void {
  native.close(fd);
}

/** Ends a connection for both sides, also for who waits for it in another thread. */
export function shutDown(socket: number): void {
  native.shutdown(socket, 2);
}

const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Adds one to an eventfd: how an interrupt of vfio is delivered. */
export function signal(eventfd: number): void {
  native.write(eventfd, one, one.length);
}

const room = Buffer.alloc(8);

/** Takes an eventfd back to zero. */
export function drain(eventfd: number): void {
  native.read(eventfd, room, room.length);
}

/** Waits until one of them can be read; gives which can, none when so many milliseconds passed (-1: no limit). */
export function readable(fds: readonly number[], milliseconds: number): boolean[] {
  const set = Buffer.alloc(8 * fds.length);
  fds.forEach((fd, i) => {
    set.writeInt32LE(fd, 8 * i);
    set.writeInt16LE(POLLIN, 8 * i + 4);
  });
  while ((native.poll(set, fds.length, milliseconds) as number) < 0)
    if (koffi.errno() !== EINTR) throw new LibcError('poll');
  return fds.map((_, i) => set.readInt16LE(8 * i + 6) !== 0);
}

/** Sends all of it. Throws LibcError when the other side is gone. */
export function sendAll(socket: number, bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length;) {
    const count = Number(native.send(socket, bytes.subarray(sent), bytes.length - sent, MSG_NOSIGNAL));
    if (count < 0 && koffi.errno() === EINTR) continue;
    if (count < 0) throw new LibcError('send');
    sent += count;
  }
}

/**
 * Receives just so many bytes, with the file descriptors that came along; they are the caller's to close. Gives
 * undefined when the other side is gone.
 */
export function receive(socket: number, length: number): { bytes: Buffer; fds: number[] } | undefined {
  const bytes = Buffer.alloc(length);
  const fds: number[] = [];
  for (let got = 0; got < length;) {
    const count = receiveSome(socket, bytes.subarray(got), fds);
    if (count <= 0) {
      fds.forEach(closeFd);
      return undefined;
    }
    got += count;
  }
  return { bytes, fds };
}

const iovec = Buffer.alloc(16);
const control = Buffer.alloc(512);
const head = Buffer.alloc(56); // struct msghdr of a 64-bit Linux

function receiveSome(socket: number, into: Buffer, fds: number[]): number {
  iovec.writeBigUInt64LE(koffi.address(into), 0);
  iovec.writeBigUInt64LE(BigInt(into.length), 8);
  head.fill(0);
  head.writeBigUInt64LE(koffi.address(iovec), 16);
  head.writeBigUInt64LE(1n, 24);
  head.writeBigUInt64LE(koffi.address(control), 32);
  head.writeBigUInt64LE(BigInt(control.length), 40);
  let count: number;
  do count = Number(native.recvmsg(socket, head, MSG_CMSG_CLOEXEC));
  while (count < 0 && koffi.errno() === EINTR);
  const end = count > 0 ? Number(head.readBigUInt64LE(40)) : 0;
  for (let at = 0; at + 16 <= end;) {
    const length = Number(control.readBigUInt64LE(at));
    const carries = control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS;
    for (let fd = at + 16; carries && fd + 4 <= at + length; fd += 4) fds.push(control.readInt32LE(fd));
    if (length < 16) break;
    at += (length + 7) & ~7;
  }
  return count;
}
