// SPDX-License-Identifier: Apache-2.0
/// <reference types="@sveltejs/kit" />
/// <reference types="vite/client" />

declare namespace App {
  interface Locals {
    /** What the reader chose; else the browser's setting counts. */
    theme?: 'light' | 'dark';
  }
  interface Error {
    message: string;
    /** Of an error of the catalog: its code, what happened, and what to do. */
    code?: string;
    says?: string;
    next?: string;
  }
}
