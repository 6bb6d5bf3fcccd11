// SPDX-License-Identifier: Apache-2.0
import { json, type RequestHandler } from '@sveltejs/kit';
import { collection } from '../../../../site/api.ts';
import { missing } from '../../../parts/missing.ts';

export const GET: RequestHandler<{ collection: string }> = ({ params }) => {
  const entries = collection(params.collection);
  return entries ? json(entries) : missing(`a collection ${params.collection}`);
};
