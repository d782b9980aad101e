// What the player owns, as panels: the inventory (key I), the vendor when one is near, a trade with another player. What is
// committed is asked with a key, until it is answered. Browser main thread. Panels are made anew when what they show changes.

import { sendRequest } from '../client/client.ts';
import { sendCommand } from '../client/commands.ts';
import { type Client, PLAYING } from '../client/state.ts';
import { GOLD, ITEMS, SOLD_LAST } from '../game/items.ts';
import { PLAYER } from '../game/kinds.ts';
import { isAtVendor } from '../game/vendor.ts';
import {
  describeOver,
  describePlaces,
  describeThings,
  listOwned,
  type Owned,
  readThings,
  readTrade,
  type Trade,
} from './darkages-owned.ts';
import { addButton, addElement, setHidden } from './dom.ts';

const OFFER_MM = 6000;
const OFFER_MS = 15_000;
const GOLD_STEPS = [1, 10, 100];

type Values = Readonly<Record<string, number | string>>;

export interface Things {
  readonly client: Client;
  readonly now: () => number;
  /** Hears a sentence for the player. */
  readonly tell: (text: string) => void;
  /** Hears why a request was refused. */
  readonly answered: (code: string) => void;
  readonly inventory: HTMLElement;
  readonly vendor: HTMLElement;
  readonly table: HTMLElement;
  isOpen: boolean;
  offeredBy: string;
  offeredUntilMs: number;
  trade: Trade | undefined;
  /** What the panels show. */
  shown: string;
}

export function createThings(
  client: Client,
  now: () => number,
  tell: Things['tell'],
  answered: Things['answered'],
): Things {
  const root = addElement('div', 'things', document.body);
  const panel = (className: string, label: string): HTMLElement => {
    const element = addElement('section', className, root);
    element.setAttribute('aria-label', label);
    element.hidden = true;
    return element;
  };
  return {
    client,
    now,
    tell,
    answered,
    table: panel('table', 'Trade'),
    vendor: panel('vendor', 'Vendor'),
    inventory: panel('inventory', 'Inventory'),
    isOpen: false,
    offeredBy: '',
    offeredUntilMs: 0,
    trade: undefined,
    shown: '',
  };
}

export function toggleThings(things: Things): void {
  things.isOpen = !things.isOpen;
}

/** A new connection: the server knows of no trade of it. */
export function resetThings(things: Things): void {
  things.trade = undefined;
  things.offeredUntilMs = 0;
}

/** @param isIgnored whether the player doesn't want to hear of somebody */
export function hearOfTrade(things: Things, name: string, values: Values, isIgnored: (name: string) => boolean): void {
  if (name === 'tradeOffered') {
    things.offeredBy = String(values.from);
    things.offeredUntilMs = values.from === '' ? 0 : things.now() + OFFER_MS;
    if (values.from !== '' && isIgnored(things.offeredBy)) ask(things, 'tradeDecline');
  } else if (name === 'traded') {
    things.trade = undefined;
    const [gave, got] = [values.gave, values.got].map((text) => describeThings(readThings(String(text))));
    things.tell(`Traded with ${values.with}: ${gave} for ${got}.`);
  } else {
    things.trade = readTrade(values);
    things.offeredUntilMs = 0;
    if (things.trade === undefined) things.tell(describeOver(String(values.over)));
  }
}

const word = new Uint32Array(1);
const drawFraction = (): number => crypto.getRandomValues(word)[0]! / 0x1_0000_0000;

function ask(things: Things, request: string, values: Values = {}): void {
  const { client, now } = things;
  if (request === 'tradeAccept' || request === 'tradeDecline') things.offeredUntilMs = 0;
  const done = (refused: string): void => {
    if (refused !== '') things.answered(refused);
  };
  if (client.game.requests?.[request]?.committed === true) {
    sendCommand(client, request, values, drawFraction, done);
  } else sendRequest(client, request, values, now(), done);
}

/** Each frame; touches nothing while nothing changes. */
export function updateThings(things: Things): void {
  const { client, trade, isOpen } = things;
  const { columns } = client.own;
  const isPlaying = client.state === PLAYING && (columns.health ?? 0) > 0;
  const isOffered = things.now() < things.offeredUntilMs;
  const isNearVendor = isPlaying && trade === undefined && isAtVendor(client.own.x, client.own.z);
  const isListed = isPlaying && (isOpen || trade !== undefined);
  const near = isListed && trade === undefined ? listNear(client) : [];
  const owned = isListed || isNearVendor ? listOwned(columns) : [];
  const shown = JSON.stringify([
    [isPlaying, isListed, isNearVendor, isOffered, near, owned, columns.gold, trade?.revision],
    [things.offeredBy, trade?.hasConfirmed, trade?.otherConfirmed],
  ]);
  if (shown === things.shown) return;
  things.shown = shown;
  setHidden(things.inventory, !isListed);
  setHidden(things.vendor, !isNearVendor);
  setHidden(things.table, !isPlaying || (trade === undefined && !isOffered));
  if (isListed) fillInventory(things, owned, near);
  if (isNearVendor) fillVendor(things, owned);
  if (trade !== undefined) fillTable(things, trade);
  else if (isOffered) fillOffer(things);
}

/** Names of players who stand near enough to trade with. */
function listNear({ own, interpolation }: Client): string[] {
  const names: string[] = [];
  for (const { kind, name, x, z, columns } of interpolation.views.values()) {
    if (kind !== PLAYER || name === '' || columns.health === 0) continue;
    if (Math.hypot(x - own.x, z - own.z) < OFFER_MM) names.push(name);
  }
  return names.sort();
}

function addTitle(panel: HTMLElement, title: string, note: string): void {
  panel.replaceChildren();
  const head = addElement('h2', '', panel, title);
  addElement('span', '', head, note);
}

function addLine(panel: HTMLElement, text: string, note: string): HTMLElement {
  const line = addElement('div', 'thing', panel);
  addElement('b', '', line, text);
  addElement('span', '', line, note);
  return line;
}

function fillInventory(things: Things, owned: readonly Owned[], near: readonly string[]): void {
  const { inventory, client, trade } = things;
  addTitle(inventory, 'Inventory', `${client.own.columns.gold ?? 0} gold · ${describePlaces(client.own.columns)}`);
  for (const { item, label, count, isWorn } of owned) {
    const line = addLine(inventory, label, isWorn ? `${count} · worn` : String(count));
    const { kind } = ITEMS[item]!;
    if (kind === 'potion') addButton('link', line, 'drink', () => ask(things, 'use', { item }));
    if (kind === 'weapon' || kind === 'armour') {
      addButton('link', line, isWorn ? 'take off' : 'wear', () => ask(things, isWorn ? 'unequip' : 'equip', { item }));
    }
    if (trade === undefined) continue;
    const given = trade.gives.get(item) ?? 0;
    if (given < count) addButton('link', line, 'give', () => ask(things, 'tradeSet', { item, count: given + 1 }));
  }
  if (owned.length === 0) addElement('p', '', inventory, 'Nothing yet. Creatures drop things; vendors sell some.');
  if (trade !== undefined) return;
  for (const name of near) {
    addButton('choice', inventory, `Trade with ${name}`, () => ask(things, 'tradeOffer', { name }));
  }
}

function fillVendor(things: Things, owned: readonly Owned[]): void {
  const { vendor, client } = things;
  const gold = client.own.columns.gold ?? 0;
  addTitle(vendor, 'Vendor', `${gold} gold`);
  for (const { id, label, price } of ITEMS.slice(1, SOLD_LAST + 1)) {
    const line = addLine(vendor, label, `${price} gold`);
    const buy = addButton('link', line, 'buy', () => ask(things, 'buy', { item: id, count: 1 }));
    buy.disabled = gold < price;
  }
  for (const { item, label, count } of owned) {
    const line = addLine(vendor, `your ${label}`, `${ITEMS[item]!.worth} gold`);
    addButton('link', line, 'sell', () => ask(things, 'sell', { item, count: 1 }));
    if (count > 1) addButton('link', line, `all ${count}`, () => ask(things, 'sell', { item, count }));
  }
}

function fillOffer(things: Things): void {
  const { table, offeredBy } = things;
  addTitle(table, 'Trade', '');
  addElement('p', '', table, `${offeredBy} wants to trade with you.`);
  const buttons = addElement('div', 'buttons', table);
  addButton('primary', buttons, 'Trade', () => ask(things, 'tradeAccept'));
  addButton('link', buttons, 'Decline', () => ask(things, 'tradeDecline'));
}

function fillTable(things: Things, trade: Trade): void {
  const { table, client } = things;
  addTitle(table, 'Trade', `with ${trade.with}`);
  addElement('p', '', table, 'You give');
  for (const [item, count] of trade.gives) {
    const line = addLine(table, ITEMS[item]?.label ?? '', String(count));
    addButton('link', line, 'less', () => ask(things, 'tradeSet', { item, count: lessOf(item, count) }));
  }
  const coins = addElement('div', 'buttons', table);
  const given = trade.gives.get(GOLD) ?? 0;
  for (const step of GOLD_STEPS) {
    const button = addButton('link', coins, `+${step} gold`, () =>
      ask(things, 'tradeSet', { item: GOLD, count: given + step }),
    );
    button.disabled = given + step > (client.own.columns.gold ?? 0);
  }
  addElement('p', '', table, 'You get');
  for (const [item, count] of trade.gets) addLine(table, ITEMS[item]?.label ?? `item ${item}`, String(count));
  if (trade.gets.size === 0) addElement('p', 'sub', table, 'nothing yet');
  addElement('p', 'sub', table, trade.otherConfirmed ? `${trade.with} agrees.` : `${trade.with} has not agreed yet.`);
  const buttons = addElement('div', 'buttons', table);
  const { revision } = trade;
  const agree = addButton('primary', buttons, trade.hasConfirmed ? 'Agreed' : 'Agree', () =>
    ask(things, 'tradeConfirm', { revision }),
  );
  agree.disabled = trade.hasConfirmed;
  addButton('link', buttons, 'Call off', () => ask(things, 'tradeDecline'));
}

/** Coins go back by the step they came with. */
function lessOf(item: number, count: number): number {
  if (item !== GOLD) return count - 1;
  const step = GOLD_STEPS.findLast((each) => each <= count) ?? 1;
  return count - step;
}
