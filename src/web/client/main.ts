// SPDX-License-Identifier: Apache-2.0
import { themeButtons } from './theme.ts';

themeButtons();
