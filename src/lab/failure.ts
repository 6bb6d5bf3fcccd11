// SPDX-License-Identifier: Apache-2.0

/** The learner's failure: an expectation that did not hold. The message is shown as evidence. */
export class Failure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Failure';
  }
}

/** A failure after which the machine is of no more use: it hangs, panicked, or a call never returns. */
export class FatalFailure extends Failure {
  constructor(message: string) {
    super(message);
    this.name = 'FatalFailure';
  }
}
