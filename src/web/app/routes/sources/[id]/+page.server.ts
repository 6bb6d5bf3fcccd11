// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { sourcePage, type SourcePage } from '../../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): SourcePage {
  return sourcePage(params.id) ?? error(404, 'There is no such source');
}
