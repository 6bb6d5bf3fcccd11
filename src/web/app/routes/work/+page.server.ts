// SPDX-License-Identifier: Apache-2.0
import { workPage, type WorkPage } from '../../../state/work-page.ts';
import { fromStore } from '../../parts/from-store.ts';

export function load(): Promise<WorkPage> {
  return fromStore(workPage);
}
