// SPDX-License-Identifier: Apache-2.0
import { stageCount } from '../model.ts';
import type { World } from './world.ts';

/** Uniform in [0, 1). */
export type Draw = () => number;

/** A kind of engineer: an ability for each stage, and habits of their own. */
export interface Kind {
  name: string;
  abilities: (draw: Draw) => number[];
  habits?: Partial<World>;
}

/** Abilities of somebody who has a stage, and of somebody who has not; see `difficulty` in engineer.ts. */
const HAS = 1.7;
const HAS_NOT = -1.1;
const SPREAD = 0.4;

export const kinds: readonly Kind[] = [
  { name: 'even', abilities: (draw) => upTo(draw, anyFront(draw)) },
  {
    name: 'halfway through a stage',
    abilities: (draw) => {
      const front = Math.floor(draw() * stageCount);
      return upTo(draw, front).with(front, around(draw, 0.1, SPREAD));
    },
  },
  { name: 'uneven everywhere', abilities: (draw) => upTo(draw, anyFront(draw), 1.25) },
  {
    name: 'one earlier stage missing',
    abilities: (draw) => {
      const front = 2 + Math.floor(draw() * (stageCount - 1));
      return upTo(draw, front).with(Math.floor(draw() * (front - 1)), around(draw, HAS_NOT, SPREAD));
    },
  },
  { name: 'drivers, no tooling', abilities: (draw) => those(draw, draw() < 0.5 ? [0, 1, 2, 3] : [1, 2, 3]) },
  { name: 'process, no internals', abilities: (draw) => those(draw, draw() < 0.5 ? [0, 6] : [0, 1, 6]) },
  {
    name: 'debugging, no drivers',
    abilities: (draw) => those(draw, draw() < 0.5 ? [0, 2, 5] : [0, 1, 2, 5]),
  },
  evenWith('lucky guesser', { admits: 0, rulesOut: 0.6 }),
  evenWith('cautious', { admits: 0.95, doubts: 0.2 }),
  evenWith('slippery', { slips: { easy: 0.12, typical: 0.25, hard: 0.4 } }),
  evenWith('tiring', { tires: 0.03 }),
  evenWith('boaster', { boasts: 0.6, admits: 0.1 }),
  evenWith('modest', { boasts: -0.5, doubts: 0.1 }),
  evenWith('says nothing of themselves', { boasts: null }),
];

function evenWith(name: string, habits: Partial<World>): Kind {
  return { name, abilities: (draw) => upTo(draw, anyFront(draw)), habits };
}

/** The stage somebody is at: 0 to 7, where 7 is past the last. */
function anyFront(draw: Draw): number {
  return Math.floor(draw() * (stageCount + 1));
}

/** Everything before a stage, and the less the further after it. */
function upTo(draw: Draw, front: number, spread = SPREAD): number[] {
  return Array.from({ length: stageCount }, (_, stage) =>
    around(draw, stage < front ? HAS : HAS_NOT - 0.35 * (stage - front), spread),
  );
}

function those(draw: Draw, had: readonly number[]): number[] {
  return Array.from({ length: stageCount }, (_, stage) =>
    around(draw, had.includes(stage) ? HAS : HAS_NOT, SPREAD),
  );
}

/** From a normal distribution (Box and Muller). */
export function around(draw: Draw, mean: number, spread: number): number {
  return mean + spread * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}
