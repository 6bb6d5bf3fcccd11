// SPDX-License-Identifier: Apache-2.0

/** '2026-11-24 16:20 UTC' of an ISO 8601 time in UTC. */
export const when = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
