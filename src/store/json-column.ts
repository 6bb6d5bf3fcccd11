// SPDX-License-Identifier: Apache-2.0
import { customType } from 'drizzle-orm/pg-core';

/**
 * A jsonb column that takes any JSON. Characters that PostgreSQL can not hold (NUL, halves of surrogate pairs;
 * kernel logs and what people type may have them) become U+FFFD.
 *
 * Not drizzle's own jsonb(), which parses a second time what is a string in JSON.
 */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(storable(value)),
});

/** Text that PostgreSQL can hold. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [storableText(key), storable(inner)]),
  );
}
