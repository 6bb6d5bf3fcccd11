// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { fieldList, type FieldList } from '../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ field: string }>): FieldList {
  return fieldList(params.field) ?? error(404, 'There is no such page');
}
