// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** The form of every file below roadmap/. Unknown fields are an error: a misspelt one must not be lost. */

export const depths = ['foundation', 'working', 'advanced', 'expert'] as const;
export const depth = z.enum(depths);
export const id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'an id is kebab-case');

/** A sentence that may hold figures, and the ids of the sources that support it. */
export const claim = z.strictObject({ says: z.string().min(10).max(400), sources: z.array(id).min(1) });

/** Prose without figures; what has figures is a claim. */
const prose = (max: number) => z.string().trim().min(20).max(max);
const title = z.string().trim().min(3).max(70);

/** A place to read on: a page of the kernel's own documentation, or a part of a work in library.yaml. */
export const link = z.union([
  z.strictObject({ doc: z.string().regex(/^Documentation\/[\w./-]+\.(rst|txt|yaml)$/), why: prose(160) }),
  z.strictObject({ work: id, part: z.string().min(3).max(120).optional(), why: prose(160) }),
]);

/** What shows that somebody has a skill. */
export const proof = z.union([
  z.strictObject({ lab: id }),
  z.strictObject({ upstream: prose(300) }),
  z.strictObject({ mentor: prose(300) }),
]);

export const skill = z.strictObject({
  id,
  title,
  depth,
  /** Hours for somebody at this stage who has what it needs. */
  hours: z.number().int().min(1).max(120),
  says: prose(900),
  needs: z.array(id),
  proofs: z.array(proof).min(1).max(6),
  links: z.array(link).min(1).max(8),
});

export const stage = z.strictObject({
  number: z.number().int().min(0).max(6),
  id,
  title,
  tagline: z.string().min(5).max(60),
  says: prose(900),
  /** What somebody can do at the end of it. */
  outcome: prose(400),
});

export const force = z.strictObject({
  id,
  title,
  says: prose(900),
  evidence: z.array(claim).min(2),
  /** What it means for somebody who chooses what to learn. */
  bet: prose(500),
  skills: z.array(id).min(1),
});

export const domain = z.strictObject({
  id,
  title,
  says: prose(900),
  builds: z.array(z.string().min(5).max(120)).min(2).max(8),
  skills: z.array(id).min(3),
  specializations: z.array(id),
  labs: z.array(id).min(1),
});

export const specialization = z.strictObject({
  id,
  title,
  tagline: z.string().min(10).max(90),
  says: prose(900),
  pays: z.array(claim).min(1),
  /** The stage it builds on, and how. */
  pairs: z.strictObject({ stage: z.number().int().min(0).max(6), says: prose(500) }),
  entry: prose(500),
  steps: z.array(z.string().min(10).max(240)).min(3).max(8),
  skills: z.array(id).min(3),
  labs: z.array(id).min(2),
  risks: prose(500),
});

export const role = z.strictObject({
  title,
  tagline: z.string().min(10).max(160),
  says: prose(900),
  duties: z.array(z.strictObject({ title, says: prose(400), skills: z.array(id).min(1) })).min(5),
  employers: z
    .array(z.strictObject({ title, says: prose(300), examples: z.array(z.string()).default([]) }))
    .min(5),
  reasons: z.array(z.strictObject({ title, says: prose(400), claims: z.array(claim).default([]) })).min(5),
  pay: z
    .array(
      z.strictObject({
        band: z.string(),
        country: z.string(),
        level: z.string(),
        year: z.number().int().min(2020),
        source: id,
        /** Pay is never more than this. */
        quality: z.literal('indicative'),
        note: prose(300),
      }),
    )
    .min(1),
});

export const source = z.strictObject({
  id,
  title: z.string().min(5).max(160),
  publisher: z.string().min(2).max(80),
  /** When it was published: a year, or a day. */
  date: z.string().regex(/^\d{4}(-\d{2}(-\d{2})?)?$/),
  url: z.url({ protocol: /^https$/ }),
  supports: prose(300),
});

/** A work that skills point into. */
export const work = z.strictObject({
  id,
  kind: z.enum(['book', 'course', 'talk', 'article', 'reference', 'code']),
  title: z.string().min(3).max(160),
  by: z.string().min(2).max(120),
  date: z
    .string()
    .regex(/^\d{4}(-\d{2}(-\d{2})?)?$/)
    .optional(),
  url: z.url({ protocol: /^https$/ }),
  free: z.boolean(),
  says: prose(300),
});

/** A lab of the catalog that is not there yet; labs that are there are in labs/. */
export const plannedLab = z.strictObject({
  id,
  title: z.string().max(90),
  stage: z.number().int().min(0).max(6),
});

const phrase = z.string().trim().min(1).max(60);
const phrases = {
  /** Found whatever their case. */
  phrases: z.array(phrase).default([]),
  /** Found only as they are written: CAN is a bus, can is not. */
  exact: z.array(phrase).default([]),
};

/** Phrases of job descriptions: those that ask for skills, and those that ask for what is not on the roadmap. */
export const aliases = z.strictObject({
  covered: z.array(z.strictObject({ skills: z.array(id).min(1).max(5), ...phrases })),
  outside: z.array(z.strictObject({ says: prose(200), ...phrases })),
});

const answers = z
  .array(z.strictObject({ says: z.string().min(1).max(300), because: prose(500) }))
  .min(3)
  .max(6);
const item = {
  id,
  skill: id,
  /** Where on the way somebody gets it right more often than not, within its skill's stage. */
  level: z.enum(['easy', 'typical', 'hard']),
  minutes: z.number().min(0.5).max(4),
  ask: prose(900),
  /** Code or a log that is looked at, shown with line numbers. */
  shown: z
    .strictObject({
      language: z.enum(['c', 'dts', 'kconfig', 'make', 'log', 'diff', 'text', 'shell', 'yaml', 'rust']),
      text: z.string().min(1),
    })
    .optional(),
  explains: prose(1200),
  read: z.array(z.string().startsWith('Documentation/')).min(1).max(4),
};

export const placementItem = z.discriminatedUnion('kind', [
  /** One of several answers; `right` is its index from 0. */
  z.strictObject({ ...item, kind: z.literal('choose'), answers, right: z.number().int().min(0) }),
  /** The number of the line of `shown`, from 1; `near` says of tempting lines why they are not it. */
  z.strictObject({
    ...item,
    shown: item.shown.unwrap(),
    kind: z.literal('line'),
    right: z.number().int().min(1),
    near: z.array(z.strictObject({ line: z.number().int().min(1), because: prose(400) })).min(2),
  }),
  /** Steps in their right order, shown shuffled; exactly one order is right. */
  z.strictObject({
    ...item,
    kind: z.literal('order'),
    steps: z.array(z.string().min(3).max(200)).min(4).max(7),
    because: prose(700),
  }),
  /** A short exact answer; `accepts` are all spellings that are right, compared without case and outer space. */
  z.strictObject({
    ...item,
    kind: z.literal('short'),
    accepts: z.array(z.string().min(1).max(60)).min(1),
    tempting: z.array(z.strictObject({ says: z.string().min(1).max(60), because: prose(400) })).default([]),
  }),
]);

export type Depth = z.infer<typeof depth>;
export type Claim = z.infer<typeof claim>;
export type Link = z.infer<typeof link>;
export type Proof = z.infer<typeof proof>;
export type Skill = z.infer<typeof skill> & { stage: number };
export type Stage = z.infer<typeof stage>;
export type Force = z.infer<typeof force>;
export type Domain = z.infer<typeof domain>;
export type Specialization = z.infer<typeof specialization>;
export type Role = z.infer<typeof role>;
export type Source = z.infer<typeof source>;
export type Work = z.infer<typeof work>;
export type Aliases = z.infer<typeof aliases>;
export type PlannedLab = z.infer<typeof plannedLab>;
export type PlacementItem = z.infer<typeof placementItem> & { stage: number };
