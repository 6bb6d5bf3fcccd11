// SPDX-License-Identifier: Apache-2.0
import { serial } from './serial.ts';

export default serial({ kind: 'i2c', address: 0x48 });
