// SPDX-License-Identifier: Apache-2.0
import type { Bank } from './asking.ts';
import type { Session } from './form.ts';
import type { StageResult } from './result.ts';

/** Why a stage came out as it did, for people. */
export function reasonFor(one: Omit<StageResult, 'why'>, bank: Bank, session: Session): string {
  const { stage, standing, right, unknown, wrong } = one;
  const asked = right + unknown + wrong;
  const shown = session.credits.filter((credit) => credit.stage === stage).map(({ skill }) => skill);
  const missed = [...session.before, ...session.answers]
    .filter(({ traits, outcome }) => traits.stage === stage && outcome !== 'right')
    .map(({ skill }) => skill);
  const title = (id: string): string => bank.skills.find((skill) => skill.id === id)?.title ?? id;
  const facts = [
    ...(asked > 0 ? [`${right} of ${asked} answers right`] : []),
    ...(shown.length > 0 ? [`shown elsewhere: ${shown.map(title).join(', ')}`] : []),
  ].join('; ');
  const again = missed.length > 0 ? ` Worth another look: ${missed.map(title).join(', ')}.` : '';
  switch (standing) {
    case 'credited':
      if (right + shown.length > 0) return `Credited: ${facts}.${again}`;
      return `Credited: whoever has what you showed of other stages mostly has this too.${again}`;
    case 'entry':
      return facts
        ? `Start here: ${facts}, which is not most of it yet.`
        : 'Start here: you showed nothing of it.';
    case 'open':
      return facts ? `Not credited: ${facts}.` : 'Not asked: it comes after your entry stage.';
  }
}
