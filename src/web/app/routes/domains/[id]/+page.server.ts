// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { domainPage, type DomainPage } from '../../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): DomainPage {
  return domainPage(params.id) ?? error(404, 'There is no such domain');
}
