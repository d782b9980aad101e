// Characters as this node holds them: takes one for a zone, and writes what zones save of it within the epoch it was
// taken in, so that the store refuses the saves once another node has taken it. Part of io/store-keeper, on the store
// thread; which zone of the node has a player is store/zone-owners' to know.

import { assert } from '../base/assert.ts';
import type { CharacterColumns } from '../store/records.ts';
import type { CharacterStore, FencedRecord } from '../store/store.ts';
import type { CharacterSave } from '../store/write-behind.ts';

export interface CharacterWriterOptions {
  readonly store: CharacterStore;
  readonly gameName: string;
  /** Never used before by another process. */
  readonly nodeId: string;
  /** The zone in which the player stands, if any: who stands in none is forgotten when there are too many. */
  zoneOf(playerId: number): number | undefined;
  /** Another node has taken the character: what this one knows of it counts no more. */
  onFenced(playerId: number): void;
  /** A save from before another node had the character, which is here again: it was refused. */
  onStale(): void;
  readonly holdsMax?: number;
}

export interface CharacterWriter {
  /**
   * From now on this node's saves count. `columns` are the store's, undefined: never saved. When `isContinued`, nobody else
   * has had it since this node took it last: what waits to be written is newer than they.
   */
  take(
    playerId: number,
    zoneId: number,
  ): Promise<{ readonly columns: CharacterColumns | undefined; readonly isContinued: boolean }>;
  /** Of somebody of whom a save waits: in which epoch it was made, which a restart of the store thread forgets. */
  resume(save: CharacterSave): Promise<void>;
  /** Another node has taken it since this one did. */
  isLost(playerId: number): boolean;
  /** Resolves to those that are to be written again: the character was taken anew while they were under way. */
  write(batch: readonly CharacterSave[]): Promise<readonly CharacterSave[]>;
}

interface Hold {
  readonly epoch: number;
  /** Of the newest save that was sent. */
  version: number;
  isLost: boolean;
}

/** Each taking is the next epoch: with none in between nobody else has had it. */
function isNext(before: number, epoch: number): boolean {
  return epoch === before + 1;
}

export function createCharacterWriter(options: CharacterWriterOptions): CharacterWriter {
  const { store, gameName, nodeId, holdsMax = 131_072 } = options;
  const holds = new Map<number, Hold>();

  const keep = (playerId: number, hold: Hold): void => {
    if (holds.size >= holdsMax) {
      for (const id of holds.keys()) if (options.zoneOf(id) === undefined) holds.delete(id);
    }
    holds.set(playerId, hold);
  };

  const take: CharacterWriter['take'] = async (playerId, zoneId) => {
    const before = holds.get(playerId);
    const { epoch, columns } = await store.takeCharacter(playerId, gameName, `${nodeId}/${zoneId}`);
    keep(playerId, { epoch, version: 0, isLost: false });
    return { columns, isContinued: before !== undefined && !before.isLost && isNext(before.epoch, epoch) };
  };

  /** After a restart of the store thread it knows of nobody; the store does. */
  const resume = async ({ playerId }: CharacterSave): Promise<void> => {
    if (holds.has(playerId)) return;
    const known = await store.findOwner(playerId, gameName);
    if (holds.has(playerId)) return;
    if (known === undefined) await take(playerId, options.zoneOf(playerId) ?? 0);
    else {
      const { owner, epoch, version } = known;
      keep(playerId, { epoch, version, isLost: !owner.startsWith(`${nodeId}/`) });
    }
  };

  const refuse = (save: CharacterSave): void => {
    options.onFenced(save.playerId);
    if (save.final) holds.delete(save.playerId);
  };

  return {
    take,
    resume,
    isLost: (playerId) => holds.get(playerId)?.isLost === true,
    async write(batch) {
      await Promise.all(batch.map(resume));
      const saves: CharacterSave[] = [];
      const records: FencedRecord[] = [];
      for (const save of batch) {
        const { playerId, columns, final } = save;
        const hold = holds.get(playerId);
        assert(hold !== undefined, 'it was taken or resumed');
        if (hold.isLost) {
          refuse(save);
          continue;
        }
        hold.version++;
        saves.push(save);
        records.push({ playerId, game: gameName, columns, epoch: hold.epoch, version: hold.version, final });
      }
      if (records.length === 0) return [];
      const results = await store.saveCharacters(records);
      const again: CharacterSave[] = [];
      for (const [index, save] of saves.entries()) {
        const hold = holds.get(save.playerId);
        const { epoch } = records[index]!;
        const isSame = hold?.epoch === epoch;
        if (results[index] === 'saved') {
          // The zone has said its last word; who comes back takes it anew.
          if (save.final && isSame) holds.delete(save.playerId);
        } else if (hold !== undefined && isNext(epoch, hold.epoch)) again.push(save);
        else if (hold !== undefined && !isSame) options.onStale();
        else {
          if (hold !== undefined) hold.isLost = true;
          refuse(save);
        }
      }
      return again;
    },
  };
}
