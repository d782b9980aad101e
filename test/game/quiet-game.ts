// The shipped game without what would disturb a test of something else: no creatures, and nothing hides anybody.

import { game } from '../../src/game/game.ts';

const { start: _start, blocksSight: _blocksSight, ...quiet } = game;

export const quietGame = quiet;
