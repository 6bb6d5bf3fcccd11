// SPDX-License-Identifier: Apache-2.0

// Pages are complete as they come from the server; what makes them handier is one small script.
export const csr = false;
