// SPDX-License-Identifier: Apache-2.0
// A data sheet as a document, before it is HTML or Markdown.
import type { Markup } from './markup.ts';

export interface Sheet {
  /** Part number and what it is. */
  readonly title: string;
  /** One line: which document and which silicon. */
  readonly subtitle: string;
  readonly sections: readonly Section[];
}

export interface Section {
  /** Unique in the sheet; anchor of the heading. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
  /** Subsections. */
  readonly sections: readonly Section[];
}

export type Block =
  | { readonly kind: 'paragraph'; readonly words: Words }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly Words[] }
  | Table
  | Drawing;

export interface Table {
  readonly kind: 'table';
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Words[])[];
}

export interface Drawing {
  readonly kind: 'drawing';
  /** Which drawing it is, as a class. */
  readonly name: 'bits' | 'blocks';
  /** What it shows, for who can not see it. */
  readonly title: string;
  readonly svg: Markup;
  /** The same in characters. */
  readonly text: string;
}

/** Running text: words, names and numbers in the code font, and either of them as links to a section's id. */
export type Words = readonly Word[];
export type Word = string | { readonly code: string; readonly to?: string };
