// SPDX-License-Identifier: Apache-2.0
// What makes pages handier. Each part looks for what it works on and does nothing where that is not.
import { buses } from './bus.ts';
import { copyButtons } from './copy.ts';
import { liveEngine } from './engine.ts';
import { filters } from './filters.ts';
import { graphs } from './graph.ts';
import { keys } from './keys.ts';
import { instantResults } from './search.ts';
import { themeButtons } from './theme.ts';
import { liveWork } from './work.ts';

themeButtons();
keys();
filters();
instantResults();
copyButtons();
graphs();
liveWork();
liveEngine();
buses();
