// The store contract in maps, as simply as it can be said: the model that stores are compared with, and the store of
// tests that are about something else. Its time is what the test says it is.

import { nameShape } from '../../src/base/names.ts';
import type { Commit, PlayerSide, Side } from '../../src/store/commit.ts';
import { byNodeAndZone, type Presence, type ZoneRecord } from '../../src/store/directory.ts';
import type { JournalMark } from '../../src/store/journal/format.ts';
import { type AccountRecord, type CharacterColumns, nameKey } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

interface Character {
  readonly epoch: number;
  readonly version: number;
  readonly columns: CharacterColumns | undefined;
  /** The epoch is nobody's. */
  readonly isDeleted: boolean;
}

const byGame = (a: { game: string }, b: { game: string }) => (a.game < b.game ? -1 : 1);

export function createNaiveStore(nowMs: () => number = () => 0): Store {
  const accounts = new Map<number, AccountRecord>();
  /** Of deleted accounts, for ever: the shapes of their names while those are kept. */
  const deleted = new Map<number, Kept<string>>();
  const characters = new Map<string, Character>();
  const tokens = new Map<string, Kept<true>>();
  const presences = new Map<number, Kept<Presence>>();
  const zones = new Map<string, Kept<readonly ZoneRecord[]>>();
  /** Commits that count, in their order; and what was answered to all others. */
  const ledger = new Map<string, Commit>();
  const refused = new Map<string, 'fenced'>();
  /** Of who was deleted: how many commits there were by then. */
  const unanswered = new Map<number, number>();
  const isPlayer = (side: Side): side is PlayerSide => 'playerId' in side;
  const nameOf = (side: Side) => (isPlayer(side) ? String(side.playerId) : side.account);
  const entriesOf = (playerId: number, game: string) =>
    [...ledger.values()]
      .filter((commit) => commit.game === game)
      .flatMap(({ id: commitId, request, zoneId, tick, transfers }) =>
        transfers.flatMap(({ asset, amount, from, to }, transfer) =>
          (
            [
              [from, to, -amount],
              [to, from, amount],
            ] as const
          ).flatMap(([side, other, signed]) => {
            if (!isPlayer(side) || side.playerId !== playerId) return [];
            const { seq, balance } = side;
            const named = { counterparty: nameOf(other), request, zoneId, tick };
            return [{ seq, commitId, transfer, asset, amount: signed, balance, ...named }];
          }),
        ),
      );
  const apply = (commit: Commit) => {
    const { id, game } = commit;
    if (ledger.has(id)) return 'applied' as const;
    if (refused.has(id)) return 'fenced' as const;
    const sides = commit.transfers.flatMap(({ from, to }) => [from, to]).filter(isPlayer);
    const isStale = ({ playerId, epoch }: PlayerSide) => characters.get(key(playerId, game))?.epoch !== epoch;
    const refuse = () => {
      refused.set(id, 'fenced');
      for (const { playerId, epoch } of sides) {
        const character = characters.get(key(playerId, game));
        if (character?.epoch === epoch)
          characters.set(key(playerId, game), { ...character, epoch: epoch + 1, version: 0 });
      }
    };
    if (sides.some(isStale)) {
      refuse();
      return 'fenced' as const;
    }
    for (const playerId of new Set(sides.map((side) => side.playerId))) {
      let { length } = entriesOf(playerId, game);
      for (const { seq } of sides.filter((side) => side.playerId === playerId)) {
        if (seq === ++length) continue;
        refuse();
        return { broken: `${seq} is not ${length}` };
      }
    }
    ledger.set(id, commit);
    return 'applied' as const;
  };
  const marks = new Map<string, JournalMark>();
  const leases = new Map<string, { holder: string; epoch: number; untilMs: number }>();
  const alive = <T>(kept: Kept<T> | undefined) =>
    kept !== undefined && kept.untilMs > nowMs() ? kept.value : undefined;
  const keep = <T>(value: T, keepMs: number): Kept<T> => ({ value, untilMs: nowMs() + keepMs });
  const key = (playerId: number, game: string) => `${playerId} ${game}`;
  const charactersOf = (playerId: number) => [...characters].filter(([one]) => one.startsWith(`${playerId} `));
  const all = () => [...accounts.values()];
  const holds = (name: string, holder: string, epoch: number) => {
    const lease = leases.get(name);
    return lease?.holder === holder && lease.epoch === epoch && lease.untilMs > nowMs() ? lease : undefined;
  };

  return {
    async createAccount(account) {
      if (all().some(({ name }) => nameShape(name) === nameShape(account.name))) return 'name_taken';
      if ([...deleted.values()].some((kept) => alive(kept) === nameShape(account.name))) return 'name_taken';
      if (accounts.has(account.playerId) || deleted.has(account.playerId)) return 'player_id_taken';
      accounts.set(account.playerId, account);
      return 'created';
    },
    findAccountByGuestSecret: async (hash) => all().find(({ guestSecretHash }) => guestSecretHash === hash),
    findAccountByName: async (name) => all().find((account) => nameKey(account.name) === nameKey(name)),
    async replacePasswordHash(playerId, before, after) {
      const account = accounts.get(playerId);
      if (account === undefined || ![before, after].includes(account.passwordHash ?? '')) return false;
      accounts.set(playerId, { ...account, passwordHash: after });
      return true;
    },
    async deleteAccount(playerId, nameKeptMs) {
      const account = accounts.get(playerId);
      for (const [one, { epoch, isDeleted }] of charactersOf(playerId)) {
        if (!isDeleted) characters.set(one, { epoch: epoch + 1, version: 0, columns: undefined, isDeleted: true });
      }
      presences.delete(playerId);
      unanswered.set(playerId, ledger.size);
      accounts.delete(playerId);
      if (account !== undefined) deleted.set(playerId, keep(nameShape(account.name), nameKeptMs));
      return account !== undefined;
    },
    async deleteUnusedGuests(createdBeforeMs) {
      const played = new Set([...characters.keys()].map((one) => Number(one.split(' ')[0])));
      const unused = all().filter(
        ({ playerId, guestSecretHash, passwordHash, createdAtMs }) =>
          guestSecretHash !== undefined &&
          passwordHash === undefined &&
          createdAtMs < createdBeforeMs &&
          !played.has(playerId),
      );
      for (const { playerId } of unused) accounts.delete(playerId);
      return unused.length;
    },
    async takeCharacter(playerId, game, _owner, isWanted = () => true) {
      if (!isWanted()) return undefined;
      const before = characters.get(key(playerId, game));
      const epoch = (before?.epoch ?? 0) + 1;
      characters.set(key(playerId, game), { epoch, version: 0, columns: before?.columns, isDeleted: false });
      return { epoch, columns: before?.columns };
    },
    loadCharacter: async (playerId, game) => characters.get(key(playerId, game))?.columns,
    async listCharacters(playerId) {
      const own = charactersOf(playerId).filter(([, { isDeleted }]) => !isDeleted);
      return own
        .map(([one, { epoch, version, columns }]) => ({
          game: one.slice(one.indexOf(' ') + 1),
          epoch,
          version,
          columns,
        }))
        .sort(byGame);
    },
    async saveCharacters(records) {
      return records.map(({ playerId, game, columns, epoch, version }) => {
        const before = characters.get(key(playerId, game));
        if (before?.epoch !== epoch || before.isDeleted) return 'fenced';
        if (version > before.version) characters.set(key(playerId, game), { ...before, version, columns });
        return 'saved';
      });
    },
    applyCommits: async (commits) => commits.map(apply),
    async loadBalances(playerId, game) {
      const entries = entriesOf(playerId, game);
      const assets = [...new Set(entries.map(({ asset }) => asset))];
      const sum = (asset: string) =>
        entries.reduce((total, entry) => total + (entry.asset === asset ? entry.amount : 0), 0);
      return { seq: entries.length, balances: Object.fromEntries(assets.map((asset) => [asset, sum(asset)])) };
    },
    async recentAnswers(playerId, game) {
      if (characters.get(key(playerId, game))?.isDeleted === true) return [];
      const since = [...ledger.values()].slice(unanswered.get(playerId) ?? 0);
      const own = since.filter((one) => one.playerId === playerId && one.game === game && one.key > 0);
      return own
        .slice(-16)
        .reverse()
        .map(({ key, request, refused }) => ({ key, request, refused }));
    },
    listEntries: async (playerId, game, fromSeq, count) =>
      entriesOf(playerId, game)
        .filter(({ seq }) => seq >= fromSeq)
        .slice(0, count),
    async keepMark(nodeId, mark) {
      marks.set(nodeId, mark);
    },
    findMark: async (nodeId) => marks.get(nodeId),
    async useToken(tokenId, keepMs) {
      if (alive(tokens.get(tokenId))) return false;
      tokens.set(tokenId, keep(true, keepMs));
      return true;
    },
    async setPresence(playerId, presence, keepMs) {
      if ((alive(presences.get(playerId))?.epoch ?? 0) > presence.epoch) return false;
      presences.set(playerId, keep(presence, keepMs));
      return true;
    },
    findPresence: async (playerId) => alive(presences.get(playerId)),
    async clearPresence(playerId, epoch) {
      if ((alive(presences.get(playerId))?.epoch ?? 0) <= epoch) presences.delete(playerId);
    },
    async announceZones(nodeId, announced, keepMs) {
      zones.set(nodeId, keep(announced, keepMs));
    },
    listZones: async () => [...zones.values()].flatMap((kept) => alive(kept) ?? []).sort(byNodeAndZone),
    async takeLease(name, holder, keepMs) {
      const before = leases.get(name);
      if (before !== undefined && before.holder !== holder && before.untilMs > nowMs()) return undefined;
      const epoch = (before?.epoch ?? 0) + 1;
      leases.set(name, { holder, epoch, untilMs: nowMs() + keepMs });
      return epoch;
    },
    async renewLease(name, holder, epoch, keepMs) {
      const lease = holds(name, holder, epoch);
      if (lease !== undefined) lease.untilMs = nowMs() + keepMs;
      return lease !== undefined;
    },
    async releaseLease(name, holder, epoch) {
      const lease = holds(name, holder, epoch);
      if (lease !== undefined) lease.untilMs = 0;
    },
    async ping() {},
    async close() {},
  };
}
