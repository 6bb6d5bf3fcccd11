// SPDX-License-Identifier: Apache-2.0
import { statfsSync } from 'node:fs';
import postgres from 'postgres';
import { asBringupError, BringupError, isErrno } from '../shared/errors.ts';
import { namedAddress, shownAddress } from './address.ts';
import { serverFiles } from './server-files.ts';

/** Codes of the driver for a connection that was there and broke. */
const broken = ['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'ECONNRESET', 'EPIPE'];

/** SQLSTATE codes (or classes, by their first letters) and what they are here. */
const states: [
  prefix: string,
  code: 'E-HOST-DISK' | 'E-DB-LOST' | 'E-DB-REACH' | 'E-DB-DAMAGED' | 'E-BUSY',
][] = [
  ['53100', 'E-HOST-DISK'],
  ['57P', 'E-DB-LOST'], // the server was stopped, crashed, or is starting
  ['25P03', 'E-DB-LOST'],
  ['08', 'E-DB-LOST'],
  ['28', 'E-DB-REACH'], // no such role, wrong password
  ['3D000', 'E-DB-REACH'], // no such database
  ['53', 'E-DB-REACH'], // too many connections, no memory
  ['XX001', 'E-DB-DAMAGED'],
  ['XX002', 'E-DB-DAMAGED'],
  ['55P03', 'E-BUSY'],
];

/** Anything thrown by a query or a connection as a BringupError; others as asBringupError has them. */
export function storeError(thrown: unknown): BringupError {
  if (thrown instanceof BringupError) return thrown;
  const error = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  if (error instanceof postgres.PostgresError) {
    const code = states.find(([prefix]) => error.code.startsWith(prefix))?.[1];
    if (code === 'E-DB-LOST') return lost(error);
    if (code === 'E-HOST-DISK') return diskFull(error);
    if (code) return new BringupError(code, `${where()}: ${error.message}`, { cause: error });
    return new BringupError('E-INTERNAL', `the database refused: ${error.message} (${error.code})`, {
      cause: error,
    });
  }
  if (error instanceof Error && 'code' in error) {
    if (broken.includes(String(error.code))) return lost(error);
    const connecting = isErrno(error) && ['connect', 'getaddrinfo'].includes(error.syscall ?? '');
    if (connecting || error.code === 'CONNECT_TIMEOUT')
      return new BringupError('E-DB-REACH', `${where()}: ${error.message}`, { cause: error });
  }
  return asBringupError(error);
}

/** Wraps a function so that all it throws are BringupErrors. */
export function guarded<A extends unknown[], T>(
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw storeError(error);
    }
  };
}

/** A server whose disk is full can not say so: it has to end when it can not write its log. */
function lost(cause: Error): BringupError {
  if (!namedAddress() && freeBytes() < 16 << 20) return diskFull(cause);
  return new BringupError('E-DB-LOST', `${where()}: ${cause.message}`, { cause });
}

function diskFull(cause: Error): BringupError {
  const place = namedAddress() ? 'the disk of the database server' : `the disk of ${serverFiles.folder()}`;
  return new BringupError('E-HOST-DISK', `${place} is full`, {
    next: 'Free some space, then run it again. The change under way was not made; nothing that was stored is lost.',
    cause,
  });
}

/** Bytes of the disk that holds our database which are free for its user. */
function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(serverFiles.folder());
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

function where(): string {
  const named = namedAddress();
  return named ? `the database ${shownAddress(named)}` : 'the database';
}
