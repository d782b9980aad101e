// What stands at the bottom of the screen in a fight: health, mana, stamina, the ability bar with its cooldowns, the
// cast bar, why something was refused; and what the dead see. Browser main thread.

import { sendRequest } from '../client/client.ts';
import { PLAYING } from '../client/state.ts';
import {
  ABILITIES,
  DEAD_TICKS,
  HEALTH_MAX,
  MANA_MAX,
  PLAYER_ABILITIES,
  REASONS,
  RESPAWN_TICKS,
  STAMINA_MAX,
} from '../game/abilities.ts';
import { cooldownTicks, type Fight, isAlive, pressAbility, releaseAbility, wantedAbility } from './darkages-fight.ts';
import { addButton, addElement, addIcon, setHidden, setText, setVariable } from './dom.ts';

const TICK_HZ = 60;
const NOTICE_MS = 1500;

/** By ability. */
const ICONS: readonly string[] = [
  '',
  'M19.5 2 21 3.5 10.6 15.2l2 2-1.4 1.4-2.6-2.6-4 4.2c-.5.5-1.3.5-1.8 0s-.5-1.3 0-1.8l4.200-4L4.400 11.800 5.800 10.400l2 2z',
  'M13.500 2 4 13.500h6.200L8.500 22 19.500 9.800h-6.700z',
  'M20.500 2 13 6.200l1.600.3-4.700 3.600A6.600 6.600 0 1 0 14.600 15l3.300-4.900.4 1.500L22 5l-2.700 1zM8.800 12.200a3.900 3.900 0 1 1 0 7.800 3.900 3.900 0 0 1 0-7.800z',
  'M12 21 4.300 13.200A4.900 4.900 0 0 1 11.200 6.300l.8.8.8-.8a4.900 4.900 0 0 1 6.900 6.900zM10.900 9v2.600H8.300v2.200h2.600v2.600h2.200v-2.600h2.600v-2.200h-2.600V9z',
];

const REFUSALS: Readonly<Record<number, string>> = {
  [REASONS.mana]: 'Not enough mana',
  [REASONS.unknownTarget]: 'You don’t see that target',
  [REASONS.badTarget]: 'Dead, or not a target for that',
  [REASONS.party]: 'That is for your party',
  [REASONS.range]: 'Too far away',
  [REASONS.sight]: 'Something is in the way',
  [REASONS.facing]: 'Turn to your target',
  [REASONS.moved]: 'Broken off: you moved',
  [REASONS.hit]: 'Broken off by a hit',
  [REASONS.crowded]: 'Too much is going on here',
};

interface Slot {
  readonly button: HTMLButtonElement;
  readonly seconds: HTMLElement;
  wasReady: boolean;
}

interface Bar {
  readonly root: HTMLElement;
  readonly text: HTMLElement | undefined;
}

export interface Hud {
  readonly fight: Fight;
  readonly root: HTMLElement;
  readonly health: Bar;
  readonly mana: Bar;
  readonly stamina: Bar;
  readonly slots: readonly Slot[];
  readonly cast: HTMLElement;
  readonly castName: HTMLElement;
  readonly notice: HTMLElement;
  readonly gold: HTMLElement;
  readonly hurt: HTMLElement;
  readonly death: HTMLElement;
  readonly deathBy: HTMLElement;
  readonly deathCount: HTMLElement;
  readonly rise: HTMLButtonElement;
  noticeMs: number;
}

export function createHud(fight: Fight, now: () => number): Hud {
  const hurt = addElement('div', 'hurt', document.body);
  const root = addElement('section', 'hud', document.body);
  root.setAttribute('aria-label', 'You');
  const notice = addElement('p', 'notice', root);
  notice.setAttribute('role', 'status');
  const cast = addElement('div', 'cast', root);
  addElement('i', 'fill', cast);
  const castName = addElement('span', '', cast);
  cast.hidden = true;
  const vitals = addElement('div', 'vitals', root);
  const health = addBar(vitals, 'health', true);
  const mana = addBar(vitals, 'mana', true);
  const stamina = addBar(vitals, 'stamina', false);
  const gold = addElement('span', 'gold', vitals);
  const bar = addElement('div', 'abilities', root);
  const slots: Slot[] = [];
  for (let ability = 1; ability <= PLAYER_ABILITIES; ability++) slots.push(addSlot(fight, bar, ability, now));
  const death = addElement('section', 'death', document.body);
  death.hidden = true;
  addElement('h2', '', death, 'You died');
  const deathBy = addElement('p', 'by', death);
  const deathCount = addElement('p', 'count', death);
  const rise = addButton('primary rise', death, 'Rise again', () => {
    sendRequest(fight.client, 'respawn', {}, now());
  });
  return {
    fight,
    root,
    health,
    mana,
    stamina,
    slots,
    cast,
    castName,
    notice,
    gold,
    hurt,
    death,
    deathBy,
    deathCount,
    rise,
    noticeMs: Number.NEGATIVE_INFINITY,
  };
}

function addBar(parent: HTMLElement, name: string, hasText: boolean): Bar {
  const root = addElement('div', `vital ${name}`, parent);
  root.setAttribute('aria-label', name);
  addElement('i', 'fill', root);
  return { root, text: hasText ? addElement('span', '', root) : undefined };
}

function addSlot(fight: Fight, parent: HTMLElement, ability: number, now: () => number): Slot {
  const { name, mana, castTicks, cooldownTicks: cooldown } = ABILITIES[ability]!;
  const button = addElement('button', `ability a${ability}`, parent);
  button.type = 'button';
  const cast = castTicks === 0 ? 'at once' : `${(castTicks / TICK_HZ).toFixed(1)} s to cast`;
  button.title = `${name}: ${cast}, every ${(cooldown / TICK_HZ).toFixed(1)} s${mana > 0 ? `, ${mana} mana` : ''}`;
  button.setAttribute('aria-label', name);
  addIcon(button, ICONS[ability]!);
  addElement('i', 'sweep', button);
  addElement('kbd', '', button, String(ability));
  if (mana > 0) addElement('em', '', button, String(mana));
  const seconds = addElement('b', '', button);
  button.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    button.setPointerCapture(event.pointerId);
    fight.isAssisted = event.pointerType !== 'mouse';
    pressAbility(fight, ability, now());
  });
  const release = (): void => releaseAbility(fight, ability);
  button.addEventListener('pointerup', release);
  button.addEventListener('pointercancel', release);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  return { button, seconds, wasReady: true };
}

export function updateHud(hud: Hud, nowMs: number): void {
  const { fight } = hud;
  const { client } = fight;
  const { columns } = client.own;
  const isPlaying = client.state === PLAYING;
  setHidden(hud.root, !isPlaying);
  const isUp = isAlive(columns);
  setBar(hud.health, columns.health ?? 0, HEALTH_MAX);
  setBar(hud.mana, columns.mana ?? 0, MANA_MAX);
  setBar(hud.stamina, columns.stamina ?? 0, STAMINA_MAX);
  hud.health.root.classList.toggle('low', isUp && (columns.health ?? 0) <= HEALTH_MAX * 0.3);
  hud.stamina.root.classList.toggle('low', (columns.stamina ?? 0) < STAMINA_MAX * 0.1);
  setText(hud.gold, String(columns.gold ?? 0));
  const wanted = wantedAbility(fight, nowMs);
  for (let index = 0; index < hud.slots.length; index++) updateSlot(hud, index + 1, wanted, nowMs);
  updateCast(hud);
  if (nowMs - hud.noticeMs > NOTICE_MS) hud.notice.classList.remove('shown');
  const pain = Math.max(0, 1 - (nowMs - fight.hurtMs) / 500) * Math.min(1, 0.35 + fight.hurtAmount / 40);
  const dim = isUp && isPlaying ? Math.max(0, 0.35 - (columns.health ?? 0) / HEALTH_MAX) : 0;
  setVariable(hud.hurt, '--hurt', Math.min(1, pain + dim).toFixed(2));
  updateDeath(hud, isPlaying && !isUp);
}

function setBar(bar: Bar, value: number, most: number): void {
  setVariable(bar.root, '--part', (Math.min(value, most) / most).toFixed(3));
  if (bar.text !== undefined) setText(bar.text, String(value));
}

function updateSlot(hud: Hud, ability: number, wanted: number, nowMs: number): void {
  const { fight } = hud;
  const slot = hud.slots[ability - 1]!;
  const { cooldownTicks: whole, mana } = ABILITIES[ability]!;
  const left = cooldownTicks(fight, ability);
  const { classList } = slot.button;
  setVariable(slot.button, '--sweep', Math.min(1, left / whole).toFixed(3));
  setText(slot.seconds, left > 90 ? String(Math.ceil(left / TICK_HZ)) : left > 0 ? (left / TICK_HZ).toFixed(1) : '');
  classList.toggle('poor', (fight.client.own.columns.mana ?? 0) < mana);
  classList.toggle('held', wanted === ability);
  classList.toggle('cooling', left > 0);
  const isReady = left === 0;
  if (isReady && !slot.wasReady && whole > 120) restart(slot.button, 'ready');
  slot.wasReady = isReady;
  if (nowMs - hud.noticeMs > 400) classList.remove('refused');
}

/** Plays a class's animation from its beginning. */
function restart(element: HTMLElement, className: string): void {
  element.classList.remove(className);
  void element.offsetWidth;
  element.classList.add(className);
}

function updateCast(hud: Hud): void {
  const { own, sync } = hud.fight.client;
  const ability = ABILITIES[own.columns.castAbility ?? 0];
  const isCasting = ability !== undefined && ability.id !== 0 && ability.castTicks > 0 && isAlive(own.columns);
  setHidden(hud.cast, !isCasting);
  if (!isCasting) return;
  const left = Math.max(0, (own.columns.castUntil ?? 0) - sync.tick);
  setVariable(hud.cast, '--part', Math.max(0, Math.min(1 - left / ability.castTicks, 1)).toFixed(3));
  setText(hud.castName, ability.isMobile ? ability.name : `${ability.name} – stand still`);
}

function updateDeath(hud: Hud, isDead: boolean): void {
  setHidden(hud.death, !isDead);
  if (!isDead) return;
  const { fight } = hud;
  const { own, sync, replicas } = fight.client;
  const until = own.columns.deadUntil ?? 0;
  // By the server's last word: the own clock is ahead of it, and who asks too soon is refused.
  const wait = until - DEAD_TICKS + RESPAWN_TICKS - replicas.tick;
  hud.rise.disabled = wait > 0;
  setText(hud.rise, wait > 0 ? `Rise again in ${Math.ceil(wait / TICK_HZ)}` : 'Rise again');
  setText(hud.deathBy, fight.killedBy);
  setText(hud.deathCount, `You come back by yourself in ${Math.max(0, Math.ceil((until - sync.tick) / TICK_HZ))} s`);
}

/** Says for a moment why nothing happened. Cooldowns and casts are seen, so they aren't said. */
export function showRefusal(hud: Hud, ability: number, reason: number, nowMs: number): void {
  const slot = hud.slots[ability - 1];
  if (slot !== undefined) restart(slot.button, 'refused');
  const text = REFUSALS[reason];
  if (text !== undefined) showNotice(hud, text, nowMs);
  else hud.noticeMs = nowMs;
}

export function showNotice(hud: Hud, text: string, nowMs: number): void {
  setText(hud.notice, text);
  hud.notice.classList.add('shown');
  hud.noticeMs = nowMs;
}
