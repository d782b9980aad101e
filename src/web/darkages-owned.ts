// What a player owns, wears and puts on the table, as the page shows it: read from columns and events. Pure; browser main
// thread.

import { GOLD, ITEMS, PLACES } from '../game/items.ts';

type Columns = Readonly<Record<string, number>>;
type Values = Readonly<Record<string, number | string>>;

export interface Owned {
  readonly item: number;
  readonly label: string;
  readonly count: number;
  readonly isWorn: boolean;
}

/** A trade as the server told it last. */
export interface Trade {
  readonly with: string;
  readonly revision: number;
  /** By item. */
  readonly gives: ReadonlyMap<number, number>;
  readonly gets: ReadonlyMap<number, number>;
  readonly hasConfirmed: boolean;
  readonly otherConfirmed: boolean;
}

/** All but gold, in order of their numbers. */
export function listOwned(columns: Columns): Owned[] {
  return ITEMS.flatMap(({ id, asset, label }) => {
    const count = columns[asset] ?? 0;
    const isWorn = columns.weapon === id || columns.armour === id;
    return id === GOLD || count === 0 ? [] : [{ item: id, label, count, isWorn }];
  });
}

/** "7 of 20 places". */
export function describePlaces(columns: Columns): string {
  const used = listOwned(columns).reduce((sum, { item, count }) => sum + Math.ceil(count / ITEMS[item]!.stack), 0);
  return `${used} of ${PLACES} places`;
}

/** From "item:count" with commas between. */
export function readThings(text: string): Map<number, number> {
  const things = new Map<number, number>();
  for (const part of text === '' ? [] : text.split(',')) {
    const [item = 0, count = 0] = part.split(':').map(Number);
    things.set(item, count);
  }
  return things;
}

/** "15 gold, 2 wolf pelts" would need a grammar: "15 gold, 2 × wolf pelt". Items of a newer server have no name here. */
export function describeThings(things: ReadonlyMap<number, number>): string {
  const parts = [...things].map(([item, count]) =>
    item === GOLD ? `${count} gold` : `${count} × ${ITEMS[item]?.label ?? `item ${item}`}`,
  );
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** What the event `trade` says; undefined when the trade is over. */
export function readTrade(values: Values): Trade | undefined {
  if (values.over !== '') return undefined;
  return {
    with: String(values.with),
    revision: Number(values.revision),
    gives: readThings(String(values.gives)),
    gets: readThings(String(values.gets)),
    hasConfirmed: values.confirmed === 1,
    otherConfirmed: values.otherConfirmed === 1,
  };
}

const OVERS: Readonly<Record<string, string>> = {
  declined: 'No trade: it was called off.',
  too_far: 'No trade: you are too far from each other.',
  dead: 'No trade with the dead.',
  left: 'No trade: the other one is gone.',
  other: 'No trade: there is another one.',
};

export function describeOver(code: string): string {
  return OVERS[code] ?? `No trade: ${code.replaceAll('_', ' ')}.`;
}
