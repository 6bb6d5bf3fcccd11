// SPDX-License-Identifier: Apache-2.0
// What stands in braces in the texts of a description.
import type { Description } from './device.ts';

/** A piece of text, or what it refers to. */
export type Piece =
  | { readonly text: string }
  | { readonly register: string; readonly field?: string; readonly value?: string }
  | { readonly parameter: string }
  | { readonly time: string };

/**
 * Splits a text at its braces: `{STATUS}`, `{STATUS.BUSY}`, `{COMMAND.OP=add}`, `{parameter}`, `{timing}`.
 * What is in braces and is none of these is left out of the pieces and told to `unknown`.
 */
export function pieces(
  description: Pick<Description, 'registers' | 'parameters' | 'timing'>,
  text: string,
  unknown: (reference: string) => void = () => {},
): Piece[] {
  return text.split(/(\{[^{}]*\})/).flatMap((part): Piece[] => {
    if (part === '') return [];
    if (!part.startsWith('{')) return [{ text: part }];
    const piece = reference(description, part.slice(1, -1));
    if (!piece) unknown(part);
    return piece ? [piece] : [];
  });
}

function reference(
  { registers, parameters, timing }: Pick<Description, 'registers' | 'parameters' | 'timing'>,
  words: string,
): Piece | undefined {
  if (parameters && Object.hasOwn(parameters, words)) return { parameter: words };
  if (timing && Object.hasOwn(timing, words)) return { time: words };
  const [, name = '', field, value] = /^(\w+)(?:\.(\w+)(?:=([\w-]+))?)?$/.exec(words) ?? [];
  const register = Object.hasOwn(registers, name) ? registers[name] : undefined;
  if (!register) return undefined;
  if (field === undefined) return { register: name };
  const spec = register.fields && Object.hasOwn(register.fields, field) ? register.fields[field] : undefined;
  if (!spec) return undefined;
  if (value === undefined) return { register: name, field };
  return spec.values && Object.hasOwn(spec.values, value) ? { register: name, field, value } : undefined;
}

/** Every text of a description that may refer to something, with where it stands. */
export function texts(description: Description): { where: string; text: string }[] {
  const found: { where: string; text: string }[] = [];
  const walk = (where: string, value: unknown): void => {
    if (typeof value === 'string') found.push({ where, text: value });
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(`${where} ${key}`, inner);
    }
  };
  for (const [key, value] of Object.entries(description)) walk(key, value);
  return found;
}
