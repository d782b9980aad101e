// Characters as this node holds them: takes one for a zone, and writes what zones save of it. Each save names the epoch that
// its zone had the character in, so the store refuses it once another node has taken it, whatever this one knows. Part of
// io/store-keeper, on the store thread; which zone of the node has a player is store/zone-owners' to know.

import { type KeptAnswer, type Ledger, settleColumns } from '../store/ledger.ts';
import type { CharacterStore, TakenCharacter } from '../store/store.ts';
import type { CharacterSave } from '../store/write-behind.ts';

export interface CharacterWriterOptions {
  readonly store: CharacterStore & Pick<Ledger, 'loadBalances' | 'recentAnswers'>;
  readonly gameName: string;
  readonly assets: readonly string[];
  /** The same as long as its data folder is. */
  readonly nodeId: string;
  /** Something that was promised may not be on disk yet. */
  isJournalBehind(): boolean;
  /** Another node has taken the character since that epoch: it has to go from here. */
  onFenced(playerId: number, epoch: number): void;
}

export interface CharacterWriter {
  /**
   * From now on this node's saves count. Nothing of the player may wait to be written, and all it was promised is in the
   * ledger. Undefined: another node took it meanwhile, or `isWanted`, asked right before it is taken, said no.
   */
  take(playerId: number, zoneId: number, isWanted: () => boolean): Promise<EnteringCharacter | undefined>;
  /**
   * Whether the ledger has all transfers that the last save of a player who left knows of: those of its last ticks may be on
   * their way to the disk.
   */
  isSettled(playerId: number, now: number): Promise<boolean>;
  /** Something of it was refused: what it believes to have is no longer waited for. */
  forgetLeft(playerId: number): void;
  /** A zone has saved it. */
  hear(save: CharacterSave, now: number): void;
  /** Of the newest save of it, if that was refused. */
  lostEpoch(playerId: number): number | undefined;
  /** The ledger refused what its zone promised in that epoch: nobody plays on with what stands there. */
  lose(playerId: number, epoch: number): void;
  write(batch: readonly CharacterSave[]): Promise<void>;
}

export interface EnteringCharacter extends TakenCharacter {
  /** It was never saved: `columns` are those of its account at most. */
  readonly isNew: boolean;
  /** To its newest commands, the newest first. */
  readonly answers: readonly KeptAnswer[];
}

/** Who was lost and not heard of again, since its zone died: the next save of it would tell. */
const LOST_MAX = 131_072;
/** What the disk has not got by then, while it works, nobody was promised. */
const LEFT_MS_MAX = 10_000;
const LEFT_MAX = 131_072;

export function createCharacterWriter(options: CharacterWriterOptions): CharacterWriter {
  const { store, gameName, nodeId, assets } = options;
  const lost = new Map<number, number>();
  /** How many transfers those had who left, until they come back. */
  const left = new Map<number, { readonly ledgerSeq: number; readonly sinceMs: number }>();

  const lose = (playerId: number, epoch: number): void => {
    if (lost.size >= LOST_MAX) lost.clear();
    lost.set(playerId, epoch);
  };

  return {
    async take(playerId, zoneId, isWanted) {
      const taken = await store.takeCharacter(playerId, gameName, `${nodeId}/${zoneId}`, isWanted);
      if (taken === undefined) return undefined;
      lost.delete(playerId);
      const { epoch, columns } = taken;
      const [balances, answers] = await Promise.all([
        store.loadBalances(playerId, gameName),
        store.recentAnswers(playerId, gameName),
      ]);
      return { epoch, columns: settleColumns(columns, balances, assets), isNew: columns === undefined, answers };
    },
    hear({ playerId, final, columns }, now) {
      const { ledgerSeq = 0 } = columns;
      if (!final || ledgerSeq === 0) return;
      if (left.size >= LEFT_MAX) left.clear();
      left.set(playerId, { ledgerSeq, sinceMs: now });
    },
    async isSettled(playerId, now) {
      const promised = left.get(playerId);
      const isOpen = promised !== undefined && (now - promised.sinceMs <= LEFT_MS_MAX || options.isJournalBehind());
      if (isOpen) {
        const { seq } = await store.loadBalances(playerId, gameName);
        if (seq < promised.ledgerSeq) return false;
      }
      left.delete(playerId);
      return true;
    },
    forgetLeft: (playerId) => void left.delete(playerId),
    lostEpoch: (playerId) => lost.get(playerId),
    lose,
    async write(batch) {
      const results = await store.saveCharacters(batch.map((save) => ({ ...save, game: gameName })));
      for (const [index, { playerId, epoch, final }] of batch.entries()) {
        lost.delete(playerId);
        if (results[index] === 'saved') continue;
        // The zone has said its last word when it is final: who comes back takes it anew.
        if (!final) lose(playerId, epoch);
        left.delete(playerId);
        options.onFenced(playerId, epoch);
      }
    },
  };
}
