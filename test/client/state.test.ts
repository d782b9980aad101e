import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { CONNECTING, FAILED, IDLE, JOINING, PLAYING, RECONNECTING, setState } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';

const STATES = [FAILED, IDLE, CONNECTING, JOINING, PLAYING, RECONNECTING];
/** Every permitted transition, written out a second time. */
const PERMITTED = new Set(
  ['-1>0 -1>1 0>1 1>2 1>4 1>-1 1>0 2>3 2>4 2>-1 2>0 3>4 3>-1 3>0 4>1 4>0'].flatMap((text) => text.split(' ')),
);

test('a state is followed only by those it may be followed by, and each change is told once', () => {
  for (const before of STATES) {
    for (const after of STATES) {
      const heard: string[] = [];
      const client = createClient({
        game,
        requestSession: () => {},
        openSocket: () => ({ send: () => {}, close: () => {} }),
        clock: { now: () => 0 },
        random: () => 0,
        events: { stateChanged: (now, was) => heard.push(`${was}>${now}`) },
      });
      client.state = before;
      const change = `${before}>${after}`;
      if (before === after) setState(client, after);
      else if (PERMITTED.has(change)) {
        setState(client, after);
        expect(heard).toEqual([change]);
      } else expect(() => setState(client, after), change).toThrow('assertion failed');
    }
  }
});
