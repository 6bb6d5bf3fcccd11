// SPDX-License-Identifier: Apache-2.0
import type { ServerLoadEvent } from '@sveltejs/kit';
import { stageGraph, wholeGraph, type Drawing } from '../../../site/graph.ts';
import { stageRef, type StageRef } from '../../../site/refs.ts';
import { site } from '../../../site/site.ts';

interface GraphPage {
  drawing: Drawing;
  stages: (StageRef & { id: string })[];
  /** The stage that is shown, or all of them. */
  stage?: StageRef & { id: string };
}

export function load({ url }: ServerLoadEvent): GraphPage {
  const stages = site().roadmap.stages.map(({ id, number }) => ({ id, ...stageRef(number) }));
  const stage = stages.find(({ id }) => id === url.searchParams.get('stage'));
  return stage ? { drawing: stageGraph(stage.number), stages, stage } : { drawing: wholeGraph(), stages };
}
