// What bots that fight did and what was done to them: counted from the events and columns that the server sends, so it
// is the server's word. Pure; goes between processes by structured clone.

import { ABILITIES, REASONS } from '../../src/game/abilities.ts';

export interface Deeds {
  /** Players and creatures killed by bots; bots that died. */
  playersKilled: number;
  creaturesKilled: number;
  deaths: number;
  hits: number;
  damage: number;
  hitsTaken: number;
  damageTaken: number;
  healed: number;
  looted: number;
  /** What bots said, in all channels, and what reached them of others. */
  said: number;
  heard: number;
  invited: number;
  /** How often a bot got into a party. */
  partiesJoined: number;
  /** How often one was thrown out. */
  thrownOut: number;
  /** Commands that the server has answered, and those of them that it did; trades that a bot had a part in. */
  acknowledged: number;
  commandsDone: number;
  traded: number;
  /** Abilities that took effect, by name. */
  readonly abilities: Record<string, number>;
  /** Abilities that were refused or broken off, by reason; requests, by request and code. */
  readonly abilitiesRefused: Record<string, number>;
  readonly requestsRefused: Record<string, number>;
}

/** What one bot is known as, and what of it was counted already. */
export interface Doer {
  handle: number;
  name: string;
  actedTick: number;
  isInParty: boolean;
}

type Values = Readonly<Record<string, number | string>>;

const REASON_NAMES = new Map<number, string>(Object.entries(REASONS).map(([name, code]) => [code, name]));

export function createDeeds(): Deeds {
  return {
    playersKilled: 0,
    creaturesKilled: 0,
    deaths: 0,
    hits: 0,
    damage: 0,
    hitsTaken: 0,
    damageTaken: 0,
    healed: 0,
    looted: 0,
    said: 0,
    heard: 0,
    invited: 0,
    partiesJoined: 0,
    thrownOut: 0,
    acknowledged: 0,
    commandsDone: 0,
    traded: 0,
    abilities: {},
    abilitiesRefused: {},
    requestsRefused: {},
  };
}

export function mergeDeeds(target: Deeds, source: Deeds): void {
  const counts = target as unknown as Record<string, number | Record<string, number>>;
  for (const [name, value] of Object.entries(source) as [string, number | Record<string, number>][]) {
    if (typeof value === 'number') (counts[name] as number) += value;
    else for (const [key, count] of Object.entries(value)) add(counts[name] as Record<string, number>, key, count);
  }
}

export function noteRequestRefused(deeds: Deeds, request: string, code: string): void {
  add(deeds.requestsRefused, `${request}:${code}`, 1);
}

export function noteAcknowledged(deeds: Deeds, request: string, refused: string): void {
  deeds.acknowledged++;
  if (refused === '') deeds.commandsDone++;
  else noteRequestRefused(deeds, request, refused);
}

/** The own columns as the server has them: what took effect since they were seen last. */
export function noteColumns(deeds: Deeds, doer: Doer, { actedTick, actedAbility }: Values): void {
  if (typeof actedTick !== 'number' || actedTick === doer.actedTick) return;
  // What is there at the join was somebody else's doing, or long ago.
  const isNew = doer.actedTick >= 0;
  doer.actedTick = actedTick;
  if (isNew && actedTick > 0) add(deeds.abilities, ABILITIES[Number(actedAbility)]?.name ?? 'unknown', 1);
}

export function noteEvent(deeds: Deeds, doer: Doer, name: string, values: Values): void {
  switch (name) {
    case 'hit':
      noteHit(deeds, doer, values);
      break;
    case 'killed':
      if (values.target === doer.handle) deeds.deaths++;
      else if (values.by === doer.name) {
        if (values.name === '') deeds.creaturesKilled++;
        else deeds.playersKilled++;
      }
      break;
    case 'healed':
      if (values.target === doer.handle) deeds.healed += Number(values.amount);
      break;
    case 'looted':
      deeds.looted++;
      break;
    case 'traded':
      deeds.traded++;
      break;
    case 'refused':
      add(deeds.abilitiesRefused, REASON_NAMES.get(Number(values.reason)) ?? String(values.reason), 1);
      break;
    case 'said':
      if (values.from === doer.name) deeds.said++;
      else deeds.heard++;
      break;
    case 'invited':
      deeds.invited++;
      break;
    case 'party':
      if (values.members !== '' && !doer.isInParty) deeds.partiesJoined++;
      if (values.thrownOut === doer.name) deeds.thrownOut++;
      doer.isInParty = values.members !== '';
      break;
  }
}

function noteHit(deeds: Deeds, doer: Doer, { target, by, amount }: Values): void {
  if (by === doer.handle) {
    deeds.hits++;
    deeds.damage += Number(amount);
  }
  if (target === doer.handle) {
    deeds.hitsTaken++;
    deeds.damageTaken += Number(amount);
  }
}

function add(counts: Record<string, number>, key: string, count: number): void {
  counts[key] = (counts[key] ?? 0) + count;
}
