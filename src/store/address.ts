// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';

/** Where a database is reached. */
export interface Address {
  /** The server that bringup starts by itself, or the one that DATABASE_URL names. */
  kind: 'own' | 'named';
  /** A name, or the folder of a socket when it begins with a slash. */
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  ssl?: 'require' | 'prefer' | 'verify-full';
}

const query = z
  .strictObject({
    host: z.string().optional(),
    port: z.coerce.number().optional(),
    user: z.string().optional(),
    password: z.string().optional(),
    dbname: z.string().optional(),
    sslmode: z.enum(['disable', 'prefer', 'require', 'verify-full']).optional(),
  })
  .describe('parameters of a connection URI that are heeded');

/**
 * The address in DATABASE_URL, or undefined when it is not set. It is a connection URI of libpq; a socket is
 * named as postgres://user@%2Ffolder/database or postgres:///database?host=/folder. Throws E-DB-URL, without the
 * URL in the message, since it may hold a password.
 */
export function namedAddress(url = process.env['DATABASE_URL']): Address | undefined {
  if (!url) return undefined;
  const parts =
    /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/.exec(
      url,
    );
  if (!parts) throw bad('it does not look like postgres://user@host/database');
  const [user, password, host, port, database] = parts.slice(1, 6).map((part) => part && decoded(part));
  const given = query.safeParse(Object.fromEntries(new URLSearchParams(parts[6] ?? '')));
  if (!given.success) throw bad(z.prettifyError(given.error).replaceAll('\n', ' '));
  const name = user || given.data.user || process.env['USER'] || 'postgres';
  const ssl = given.data.sslmode === 'disable' ? undefined : given.data.sslmode;
  const secret = password || given.data.password;
  return {
    kind: 'named',
    host: host?.replace(/^\[|\]$/g, '') || given.data.host || 'localhost',
    port: Number(port || given.data.port || 5432),
    database: database || given.data.dbname || name,
    user: name,
    ...(secret && { password: secret }),
    ...(ssl && { ssl }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad('a % in it is not followed by two hexadecimal digits');
  }
}

function bad(why: string): BringupError {
  return new BringupError('E-DB-URL', `DATABASE_URL can not be read: ${why}`);
}

/** An address as people may see it, without its password. */
export function shownAddress({ host, port, database, user }: Address): string {
  if (host.startsWith('/')) return `${database} at ${host}`;
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}
