// SPDX-License-Identifier: Apache-2.0
import type { Depth } from '../roadmap/schema.ts';
import type { Credit, PlanInput } from './input.ts';

/** What a plan has to know of a lab that is there; lab.yaml has it all. */
export interface PlanLab {
  id: string;
  title: string;
  stage: number;
  minutes: number;
  skills: readonly { id: string; depth: Depth }[];
  needs: readonly string[];
}

/** `skill:rcu` or `lab:rcu-table`. Skills and labs may have the same id, steps may not. */
export type StepId = `${'skill' | 'lab'}:${string}`;

/** Why a step is in the plan. */
export type Reason =
  /** The target names it. */
  | { kind: 'target' }
  /** Placement found it missing. */
  | { kind: 'gap' }
  /** These steps need it first. */
  | { kind: 'needed'; by: StepId[] }
  /** Of a lab: it shows that somebody has these skills. */
  | { kind: 'proves'; skills: StepId[] };

/** Days in a row, in one week, on which a step is worked on; no day off among them. */
export interface Part {
  /** Week of the plan, from 1; weeks begin on Monday, and the first is that of the start. */
  week: number;
  from: string;
  to: string;
  minutes: number;
}

export interface Step {
  id: StepId;
  kind: 'skill' | 'lab';
  /** Id of the skill or lab. */
  ref: string;
  title: string;
  stage: number;
  depth?: Depth;
  /** What is left to do; what was worked already is taken off. */
  minutes: number;
  worked: number;
  /** First and last day. */
  from: string;
  to: string;
  week: number;
  parts: Part[];
  /** Steps of this plan that it needs done. */
  after: StepId[];
  why: Reason[];
  /** Its place in the plan, as a sentence. */
  says: string;
}

export interface DoneStep {
  id: StepId;
  title: string;
  stage?: number;
  on: string;
}

export interface Credited {
  skill: string;
  title: string;
  stage: number;
  source: Credit['source'] | 'entry';
}

/** The part of a stage that the target asks for, and the day it is finished. */
export interface Milestone {
  stage: number;
  title: string;
  on: string;
  reached: boolean;
}

/** A dated path to a target. Everything is in order of time. */
export interface Plan {
  /** What it was made from; a stored plan can be made again with changes. */
  input: PlanInput;
  target: { title: string; skills: string[] };
  steps: Step[];
  /** All that was reported done, whether this target asks for it or not. */
  done: DoneStep[];
  /** Skills that the target asks for and that are credited. */
  credited: Credited[];
  milestones: Milestone[];
  minutes: number;
  /** The last day, or null when nothing is left to do. */
  finish: string | null;
  /** Labs that belong to it and are not built yet. */
  labsToCome: { id: string; title: string; stage: number }[];
}
