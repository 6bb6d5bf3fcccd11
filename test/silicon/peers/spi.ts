// SPDX-License-Identifier: Apache-2.0
import { serial } from './serial.ts';

export default serial({ kind: 'spi' });
