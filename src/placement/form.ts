// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { id } from '../roadmap/schema.ts';

/** The forms of what goes in and out of placement: a session in a store, an answer from a web form. */

const stage = z.number().int().min(0).max(6);

const experience = {
  /** Stages whose outcome they say they could bring about. */
  stages: z.array(stage).max(7),
  /** Skills of the stage of subsystems that they say they have worked in. */
  subsystems: z.array(id).max(100),
};

/** What somebody answers. Indices count what was shown, from 0; lines count from 1. */
export const response = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('choose'), answer: z.number().int().min(0) }),
  z.strictObject({ kind: z.literal('line'), line: z.number().int().min(1) }),
  /** The steps in their order: the first number is the index, as shown, of the step that comes first. */
  z.strictObject({ kind: z.literal('order'), order: z.array(z.number().int().min(0)).max(20) }),
  z.strictObject({ kind: z.literal('short'), text: z.string().max(200) }),
  /** "I don't know", for every kind of item; to the opening question, "I'd rather not say". */
  z.strictObject({ kind: z.literal('unknown') }),
  /** To the opening question. */
  z.strictObject({ kind: z.literal('experience'), ...experience }),
]);

/** An answer that was graded. It holds what the model needs, so that a later change of the item loses nothing. */
const answered = z.strictObject({
  item: id,
  skill: id,
  kind: z.enum(['choose', 'line', 'order', 'short']),
  traits: z.strictObject({
    stage,
    ease: z.number(),
    near: z.number(),
    guess: z.number(),
    slip: z.number(),
  }),
  response,
  outcome: z.enum(['right', 'unknown', 'wrong']),
});

/** Something outside of placement that shows a skill. */
const credit = z.strictObject({
  skill: id,
  stage,
  source: z.enum(['lab', 'mentor', 'record']),
  /** Which one: the lab's id, the mentor's name, the commit. */
  ref: z.string().max(200).optional(),
});

/** A placement under way or done: plain JSON, and all there is to resume it. */
export const session = z.strictObject({
  version: z.literal(1),
  seed: z.number().int(),
  /** Only items of these stages, when something is tested again. */
  only: z.array(stage).optional(),
  /** Items that were seen before and are not shown again. */
  seen: z.array(id),
  /** Answers of an earlier placement that still count. */
  before: z.array(answered),
  /** What they said of themselves; absent until they were asked, null when they did not want to say. */
  experience: z.strictObject(experience).nullable().optional(),
  answers: z.array(answered),
  credits: z.array(credit),
  /** The stage that they chose to start at by hand. */
  claim: stage.optional(),
  done: z.boolean(),
});

export type Response = z.infer<typeof response>;
export type Answered = z.infer<typeof answered>;
export type Credit = z.infer<typeof credit>;
export type Session = z.infer<typeof session>;
