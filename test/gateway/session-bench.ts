// The session and account functions with ports of a test's own: maps, a clock by hand, and counts of what was asked.

import { createManualClock } from '../../src/base/clock.ts';
import type { AccountAnswer, AccountPorts } from '../../src/gateway/account.ts';
import type { Advertised } from '../../src/gateway/advertise.ts';
import type { SessionAccount } from '../../src/gateway/credentials.ts';
import { createEdgeChoice, type SessionEdge } from '../../src/gateway/edge-choice.ts';
import type { SessionRequest } from '../../src/gateway/refusals.ts';
import { openSession, type SessionPorts } from '../../src/gateway/session.ts';

const HOST = '127.0.0.1:8080';
export const secretOf = (index: number) => `secret-${index}`.padEnd(32, '_');

export function createBench() {
  const accounts: SessionAccount[] = [];
  const clock = createManualClock(1_700_000_000);
  const counts = { draws: 0, verified: [] as (string | undefined)[], hashed: 0, logins: new Map<string, number>() };
  const state = {
    waitS: 0,
    resumeWaitS: 0,
    passwordWaitS: 0,
    failWith: undefined as Error | undefined,
    guestNames: ['guest-1'],
    players: [0, 0],
    deleted: [] as [number, number][],
    standsIn: new Map<number, number>(),
    udpEdges: [{ edge: 1, place: 0, port: 7777, players: 0 }] as readonly SessionEdge[],
  };
  const ports: SessionPorts & AccountPorts = {
    accounts: {
      async createAccount(account) {
        if (state.failWith) throw state.failWith;
        if (accounts.some(({ name }) => name.toLowerCase() === account.name.toLowerCase())) return 'name_taken';
        if (accounts.some(({ playerId }) => playerId === account.playerId)) return 'player_id_taken';
        accounts.push(account);
        return 'created';
      },
      findAccountByGuestSecret: async (hash) => accounts.find(({ guestSecretHash }) => guestSecretHash === hash),
      async findAccountByName(name) {
        if (state.failWith) throw state.failWith;
        return accounts.find((account) => account.name.toLowerCase() === name.toLowerCase());
      },
      async replacePasswordHash(playerId, before, after) {
        if (state.failWith) throw state.failWith;
        const index = accounts.findIndex((one) => one.playerId === playerId && one.passwordHash === before);
        if (index >= 0) accounts[index] = { ...accounts[index]!, passwordHash: after };
        return index >= 0;
      },
    },
    passwords: {
      async hash(password) {
        counts.hashed++;
        return `hash:${password}`;
      },
      async verify(hash, password) {
        counts.verified.push(hash);
        return hash === `hash:${password}` || hash === `weak:${password}`;
      },
      isWeak: (hash) => hash.startsWith('weak:'),
    },
    random: {
      playerId: () => 4_000_000_000_000_000 + Math.floor(counts.draws++ / 2),
      guestSecret: () => secretOf(counts.draws),
      guestName: () => state.guestNames.shift() ?? `guest-${counts.draws}`,
      tokenId: () => `token-${counts.draws}`,
    },
    isNameClean: (name) => !name.includes('rude'),
    hashGuestSecret: (secret) => `sha:${secret}`,
    limits: {
      takeSession: async () => state.waitS,
      takeResume: async () => state.resumeWaitS,
      takePassword: async () => state.passwordWaitS,
      async takeLogin(name, address) {
        const key = `${name} ${address}`;
        counts.logins.set(key, (counts.logins.get(key) ?? 0) + 1);
        return counts.logins.get(key)! > 10 ? 42 : 0;
      },
      async forgetLogins(name, address) {
        counts.logins.delete(`${name} ${address}`);
      },
    },
    findZone: async (playerId) => state.standsIn.get(playerId),
    edgeChoice: createEdgeChoice(),
    mintConnectToken: (playerId, localAddress, { port }, nowS) => `${playerId} ${localAddress} ${port} ${nowS}`,
    signToken: async ({ playerId, name, tokenId }) => `${playerId}/${name}/${tokenId}`,
    signTicket: async ({ playerId, name, loginS }) => `${playerId}/${name}/${loginS}`,
    tickets: {
      async verify(ticket, nowS) {
        const [playerId, name, loginS] = ticket.split('/');
        if (Number(loginS) + 86_400 <= nowS || loginS === undefined) return undefined;
        return { playerId: Number(playerId), name: name!, loginS: Number(loginS) };
      },
    },
    exportPlayer: async (playerId) => ({ characters: [{ game: 'darkages', playerId }] }),
    async deletePlayer(playerId, nameKeptMs) {
      if (state.standsIn.has(playerId)) return 'in_play';
      state.deleted.push([playerId, nameKeptMs]);
      const index = accounts.findIndex((one) => one.playerId === playerId);
      if (index >= 0) accounts.splice(index, 1);
      return 'deleted';
    },
    nowS: () => clock.now(),
  };
  const options = {
    game: { name: 'darkages', version: 3 },
    zones: () =>
      state.players.map((players, index) => ({
        zoneId: index + 1,
        players,
        ws: [{ edge: 1, place: index, port: 7777 + index, players }],
        udp: index === 0 ? state.udpEdges : [],
      })),
    advertise: undefined as Advertised | undefined,
    listenHost: '127.0.0.1',
    hasTls: false,
    allowPlainHttp: false,
    allowOrigins: [],
    node: 'node-1',
    boot: 'boot-1',
  };
  const requestOf = (body: unknown, more: Partial<SessionRequest> = {}): SessionRequest => ({
    body,
    remoteAddress: '10.0.0.1',
    localAddress: '10.0.0.9',
    isEncrypted: true,
    host: HOST,
    origin: undefined,
    ...more,
  });
  const post = (body: unknown, more?: Partial<SessionRequest>) => openSession(ports, options, requestOf(body, more));
  const ask = (answer: AccountAnswer, body: unknown, more?: Partial<SessionRequest>) =>
    answer(ports, options, requestOf(body, more));
  return { accounts, clock, counts, state, ports, options, post, ask };
}
