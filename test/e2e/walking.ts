// Clients of the shipped game that walk about and stand still, and what of them a server has to keep.

import { ownColumns, play, type RawClient } from '../../tools/hostile/raw-client.ts';
import { until } from './server.ts';

const KEPT = ['positionX', 'positionZ', 'facing', 'walkedM', 'health'] as const;

/** In a square from now on, so that nobody comes to where creatures are. */
export function walk(client: RawClient): void {
  play(client, (tick) => {
    const side = Math.floor(tick / 40) % 4;
    return { moveX: [127, 0, -127, 0][side], moveZ: [0, 127, 0, -127][side], aim: 5000 };
  });
}

/** Stands still from now on; resolves when everybody knows where. */
export async function stand(client: RawClient): Promise<void> {
  play(client, () => ({ aim: 5000 }));
  let before = '';
  await until('it stands', async () => {
    const { snapshots } = client;
    await until('snapshots', () => client.snapshots > snapshots + 5);
    const now = JSON.stringify([ownColumns(client).positionX, ownColumns(client).positionZ]);
    const isSame = now === before;
    before = now;
    return isSame;
  });
}

export function kept(client: RawClient): readonly (number | undefined)[] {
  const columns = ownColumns(client);
  return KEPT.map((name) => columns[name]);
}
