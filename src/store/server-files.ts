// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BringupError, isErrno } from '../shared/errors.ts';
import { dataFolder } from '../shared/paths.ts';
import { serverUser } from './server-user.ts';

const within = (...parts: string[]): string => resolve(dataFolder('postgres', ...parts));

/** Where the database is: absolute paths in the data folder. */
export const serverFiles = {
  folder: (): string => within(),
  /** PostgreSQL's own data folder; it is there whole or not at all. */
  data: (): string => within('data'),
  log: (): string => within('server.log'),
  lock: (): string => within('lock'),
};

/** The port is only a part of the socket's name. */
export const socketPort = 5432;

export const socketIn = (folder: string): string => join(folder, `.s.PGSQL.${socketPort}`);

/** Longest path of a socket: sun_path of unix(7) has 108 bytes, one of them for the end. */
const longestSocket = 107;

/**
 * The folder for the server's socket: beside the data, or below /tmp when that would be too long for a socket.
 * Not below XDG_RUNTIME_DIR, which goes when the user logs out while the server stays.
 */
export function socketFolder(): string {
  const beside = within('run');
  if (Buffer.byteLength(socketIn(beside)) <= longestSocket) return beside;
  const digest = createHash('sha256').update(serverFiles.data()).digest('hex').slice(0, 12);
  return `/tmp/bringup-${process.getuid?.()}-${digest}`;
}

/**
 * Makes a folder for the server alone; one that is there must be the server's own and closed to others, since
 * anybody may make folders in /tmp. Throws E-DB-START.
 */
export function makeOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
    if (serverUser !== undefined) chownSync(folder, serverUser, serverUser);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== (serverUser ?? process.getuid?.()) || found.mode & 0o077)
      throw new BringupError('E-DB-START', `${folder} should be a private folder of the server and is not`, {
        next: `Look at what it is, and remove it. If you run bringup as several users, give each a BRINGUP_DATA of its own.`,
      });
  }
}
