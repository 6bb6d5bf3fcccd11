// SPDX-License-Identifier: Apache-2.0
import { collection, collectionNames } from '../../../site/api.ts';

interface ApiPage {
  collections: { name: string; count: number; example: string }[];
}

export function load(): ApiPage {
  return {
    collections: collectionNames.map((name) => {
      const entries = collection(name)!;
      return { name, count: entries.length, example: entries[0]!.id };
    }),
  };
}
