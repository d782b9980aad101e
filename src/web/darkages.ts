// The shipped game on the page: joins the fight, its pictures, its panels and its sounds, and turns keys, mouse and
// fingers into abilities. Browser main thread. Games without these columns get `undefined` and the plain page.

import { type Client, PLAYING } from '../client/state.ts';
import { BOLT, PLAYER_ABILITIES, SLASH } from '../game/abilities.ts';
import { AREA, LOOT, PLAYER, PROJECTILE, VENDOR } from '../game/kinds.ts';
import { keptValue } from './browser-ports.ts';
import type { Camera } from './camera.ts';
import type { Controls } from './controls.ts';
import {
  addLine,
  answerText,
  type Chat,
  closeChat,
  createChat,
  openChat,
  readLine,
  removeLinesOf,
} from './darkages-chat.ts';
import { createDebug, type Debug, drawDebug, updateDebug } from './darkages-debug.ts';
import { drawBodiesOfFight, drawGroundOfFight } from './darkages-draw.ts';
import {
  createFight,
  type Fight,
  hasFight,
  isAlive,
  isFoe,
  pressAbility,
  releaseAbility,
  releaseAll,
  resetFight,
  viewOf,
  writeFight,
} from './darkages-fight.ts';
import { createHud, type Hud, showNotice, showRefusal, updateHud } from './darkages-hud.ts';
import { createIgnored, type Ignored, isIgnored, startIgnoring, stopIgnoring } from './darkages-ignore.ts';
import { createLead, type Lead, updateLead } from './darkages-lead.ts';
import { drawLead, drawMarks } from './darkages-marks.ts';
import { describeChange, membersAway, noteMemberState } from './darkages-party.ts';
import {
  addKill,
  answerInvitation,
  ask,
  createSocial,
  declineQuietly,
  describeKind,
  fillScores,
  isInvitedBy,
  resetSocial,
  type Social,
  showInvitation,
  showMembers,
  showScores,
  updateSocial,
} from './darkages-social.ts';
import { createThings, hearOfTrade, resetThings, type Things, toggleThings, updateThings } from './darkages-things.ts';
import { noteHeal, noteHit, noteLoot, watchFight } from './darkages-watch.ts';
import { addButton, addElement, isTyping, setHidden } from './dom.ts';
import type { Painter } from './look.ts';
import { PALETTE } from './palette.ts';
import { playSound, type Sound } from './sound.ts';

/** Sounds are silent from this far. */
const HEARING_MM = 32_000;
const SHAKE_MS = 220;
const VENDOR_COLOUR = '#b58ad6';
const IGNORED_KEY = 'darkages.ignored';

type Values = Readonly<Record<string, number | string>>;

export interface DarkAgesPage {
  readonly fight: Fight;
  readonly hud: Hud;
  readonly chat: Chat;
  readonly social: Social;
  readonly ignored: Ignored;
  readonly lead: Lead;
  readonly things: Things;
  readonly painter: Painter;
  readonly sound: Sound;
  readonly now: () => number;
  readonly debug: Debug;
}

export interface DarkAgesParts {
  readonly client: Client;
  readonly camera: Camera;
  readonly controls: Controls;
  readonly canvas: HTMLElement;
  readonly sound: Sound;
  readonly now: () => number;
}

export function createDarkAges(parts: DarkAgesParts): DarkAgesPage | undefined {
  const { client, camera, sound, now } = parts;
  if (!hasFight(client.game)) return undefined;
  document.body.classList.add('has-fight');
  const fight = createFight(client, (name, xMm, zMm) => {
    const distance = Math.hypot(xMm - client.own.x, zMm - client.own.z);
    playSound(sound, name, 1 - distance / HEARING_MM, (xMm - client.own.x) / 16_000, now());
  });
  const hud = createHud(fight, now);
  const ignore = (name: string): void => ignorePlayer(page, name);
  const chat = createChat((line) => sendLine(page, line), ignore);
  const social = createSocial(fight, now, (code) => showNotice(hud, answerText(code), now()), ignore);
  const page: DarkAgesPage = {
    fight,
    hud,
    chat,
    social,
    ignored: createIgnored(keptValue(IGNORED_KEY)),
    lead: createLead(),
    things: createThings(
      client,
      now,
      (text) => tell(page, text),
      (code) => showNotice(hud, answerText(code), now()),
    ),
    sound,
    now,
    debug: createDebug(client),
    painter: {
      ground: (context) => {
        shake(page, camera);
        drawGroundOfFight(context, camera, fight, now());
      },
      bodies: (context) => {
        drawBodiesOfFight(context, camera, fight, now());
        drawLead(context, camera, page.lead);
        drawMarks(context, camera, fight, now());
        drawDebug(context, camera, page.debug);
      },
      radarColour: (view) => {
        if (view.kind === VENDOR) return VENDOR_COLOUR;
        if (view.kind === PROJECTILE || !isAlive(view.columns)) return undefined;
        if (view.kind === AREA) return PALETTE.warn;
        if (view.kind === LOOT) return PALETTE.loot;
        if (view.kind !== PLAYER) return PALETTE.beast;
        return isFoe(fight, view) ? PALETTE.foe : PALETTE.good;
      },
      friendsAway: () => membersAway(social.party, client),
    },
  };
  listenToMouse(page, parts);
  listenToFightKeys(page, parts);
  addTouchButtons(page, parts);
  return page;
}

/** A heavy hit is felt: the picture trembles for a moment. */
function shake({ fight, now }: DarkAgesPage, camera: Camera): void {
  const part = (now() - fight.hurtMs) / SHAKE_MS;
  if (part >= 1 || fight.hurtAmount < 10 || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const size = (1 - part) * Math.min(fight.hurtAmount, 40) * 4;
  camera.xMm += Math.sin(part * 31) * size;
  camera.zMm += Math.cos(part * 27) * size;
}

function listenToMouse({ fight, now }: DarkAgesPage, { canvas }: DarkAgesParts): void {
  const abilityOf = (button: number): number => (button === 0 ? SLASH : button === 2 ? BOLT : 0);
  canvas.addEventListener('pointerdown', (event) => {
    const isMouse = event.pointerType === 'mouse';
    fight.isAssisted = !isMouse;
    if (isMouse && abilityOf(event.button) !== 0) pressAbility(fight, abilityOf(event.button), now());
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse') fight.isAssisted = false;
  });
  addEventListener('pointerup', (event) => {
    if (event.pointerType === 'mouse') releaseAbility(fight, abilityOf(event.button));
  });
}

function listenToFightKeys(page: DarkAgesPage, { controls }: DarkAgesParts): void {
  const { fight, chat, social, now } = page;
  const abilityOf = (code: string): number => {
    const digit = Number(/^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? 0);
    return digit <= PLAYER_ABILITIES ? digit : 0;
  };
  addEventListener('keydown', (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || fight.client.state !== PLAYING) return;
    const ability = abilityOf(event.code);
    if (event.code === 'Tab') event.preventDefault();
    if (event.repeat) return;
    if (ability !== 0) pressAbility(fight, ability, now());
    else if (event.code === 'Tab') showScores(social, true);
    else if (event.code === 'Enter' || event.code === 'Slash') {
      event.preventDefault();
      releaseAll(fight);
      controls.keys.clear();
      openChat(chat, event.code === 'Slash' ? '/' : '');
    } else if (event.code === 'KeyI') toggleThings(page.things);
    else if (event.code === 'KeyY') answerInvitation(social, true);
    else if (event.code === 'Space' && !isAlive(fight.client.own.columns)) page.hud.rise.click();
  });
  addEventListener('keyup', (event) => {
    releaseAbility(fight, abilityOf(event.code));
    if (event.code === 'Tab') showScores(social, false);
  });
  addEventListener('blur', () => {
    releaseAll(fight);
    showScores(social, false);
  });
}

/** What keys do elsewhere: buttons in the bar, and one to jump. */
function addTouchButtons({ fight, chat, social, things }: DarkAgesPage, { controls }: DarkAgesParts): void {
  const bar = document.querySelector('.bar');
  const touch = document.getElementById('touch');
  if (bar === null || touch === null) return;
  const isPlaying = (): boolean => fight.client.state === PLAYING;
  const chatButton = addButton('icon', bar, 'chat', () => {
    if (chat.isOpen) closeChat(chat);
    else if (isPlaying()) openChat(chat);
  });
  chatButton.title = 'Chat (Enter)';
  const scoreButton = addButton('icon', bar, 'scores', () => isPlaying() && showScores(social, !social.isScoring));
  scoreButton.title = 'Scores (Tab)';
  const thingsButton = addButton('icon', bar, 'things', () => isPlaying() && toggleThings(things));
  thingsButton.title = 'Inventory (I)';
  const jump = addButton('sprint jump', touch, 'jump', () => {});
  const hold = (isHeld: boolean): void => {
    controls.extraButtons = isHeld ? 2 : 0;
    jump.classList.toggle('held', isHeld);
  };
  jump.addEventListener('pointerdown', (event) => {
    jump.setPointerCapture(event.pointerId);
    hold(true);
  });
  jump.addEventListener('pointerup', () => hold(false));
  jump.addEventListener('pointercancel', () => hold(false));
}

function sendLine(page: DarkAgesPage, line: string): void {
  const command = readLine(line);
  if (command === undefined) return;
  if (typeof command === 'string') tell(page, command);
  else if ('request' in command) ask(page.social, command.request, command.values);
  else if (command.deed === 'ignore') ignorePlayer(page, command.name);
  else unignorePlayer(page, command.name);
}

/** Words of the page itself. */
function tell({ chat, hud, now }: DarkAgesPage, text: string): void {
  addLine(chat, 'page', '', text);
  showNotice(hud, text, now());
}

function ignorePlayer(page: DarkAgesPage, name: string): void {
  const { ignored, chat, social, fight } = page;
  tell(page, startIgnoring(ignored, name, fight.client.welcome?.name ?? ''));
  if (!isIgnored(ignored, name)) return;
  removeLinesOf(chat, name);
  if (isInvitedBy(social, name)) declineQuietly(social);
}

function unignorePlayer(page: DarkAgesPage, name: string): void {
  tell(page, stopIgnoring(page.ignored, name));
}

/** The part of the menu that says who is ignored. */
export function addIgnoredList(page: DarkAgesPage, root: HTMLElement): () => void {
  const list = addElement('div', 'ignored', root);
  const refresh = (): void => {
    const { names } = page.ignored;
    list.replaceChildren();
    if (names.length > 0) addElement('p', 'sub', list, 'Ignored players');
    for (const name of names) {
      const row = addElement('p', '', list, name);
      const button = addButton('link', row, 'hear again', () => {
        unignorePlayer(page, name);
        refresh();
      });
      button.setAttribute('aria-label', `Hear ${name} again`);
    }
  };
  return refresh;
}

/** Before the client is brought up to date: what is wanted. After it: what happened. */
export function readDarkAges(page: DarkAgesPage, camera: Camera, controls: Controls): void {
  const { fight, chat } = page;
  fight.hasCursor = controls.hasMouse && !fight.isAssisted;
  fight.cursorX = fight.client.own.x + (controls.mouseX - camera.width / 2) / camera.pixelsPerMm;
  fight.cursorZ = fight.client.own.z + (controls.mouseY - camera.height / 2) / camera.pixelsPerMm;
  if (chat.isOpen) releaseAll(fight);
  writeFight(fight, page.now());
}

export function updateDarkAges(page: DarkAgesPage): void {
  const isPlaying = page.fight.client.state === PLAYING;
  if (isPlaying) watchFight(page.fight, page.now());
  updateLead(page.lead, page.fight);
  updateDebug(page.debug, isPlaying);
  updateHud(page.hud, page.now());
  updateSocial(page.social);
  updateThings(page.things);
  setHidden(page.chat.root, !isPlaying);
}

export function enterDarkAges({ fight, social, chat, things }: DarkAgesPage, isFirst: boolean): void {
  resetFight(fight);
  resetSocial(social);
  resetThings(things);
  if (!isFirst) return;
  const isTouched = matchMedia('(pointer: coarse)').matches;
  const key = isTouched ? 'Touch “chat”' : 'Enter';
  if (!isTouched)
    addLine(chat, 'page', '', 'WASD to walk; mouse buttons or 1–4 to fight; I for your things; Esc says more.');
  addLine(chat, 'page', '', `${key} to speak; /w name whispers, /p is for your party.`);
}

export function hearEvent(page: DarkAgesPage, name: string, values: Values): void {
  const { fight, hud, chat, social, now } = page;
  const own = fight.client.welcome?.name;
  if (name === 'hit') noteHit(fight, values, now());
  else if (name === 'healed') noteHeal(fight, values, now());
  else if (name.startsWith('trade')) hearOfTrade(page.things, name, values, (who) => isIgnored(page.ignored, who));
  else if (name === 'looted') noteLoot(fight, values, now());
  else if (name === 'refused') {
    showRefusal(hud, Number(values.ability), Number(values.reason), now());
    playSound(page.sound, 'refused', 1, 0, now());
  } else if (name === 'killed') noteKill(page, values);
  else if (name === 'said') noteSaid(page, values);
  else if (name === 'invited') noteInvited(page, String(values.from));
  else if (name === 'party') {
    const before = social.party.members.map((member) => member.name);
    showMembers(social, String(values.members));
    const change = describeChange(before, values, own ?? '');
    if (change !== '') addLine(chat, 'party', '', change);
  } else if (name === 'partyState') noteMemberState(social.party, values);
  else if (name === 'scores' && own !== undefined) fillScores(social, values);
}

function noteInvited({ ignored, social, sound, now }: DarkAgesPage, from: string): void {
  if (isIgnored(ignored, from)) {
    declineQuietly(social);
    return;
  }
  showInvitation(social, from);
  if (from !== '') playSound(sound, 'word', 1, 0, now());
}

function noteKill({ fight, social, sound, now }: DarkAgesPage, values: Values): void {
  const own = fight.client.welcome?.name;
  const kind = viewOf(fight, Number(values.target))?.kind ?? PLAYER;
  addKill(social, values, kind);
  if (values.name === own) {
    const by = String(values.by) === '' ? describeKind(Number(values.byKind)) : String(values.by);
    fight.killedBy = `Slain by ${by}.`;
  } else if (values.by === own) playSound(sound, 'kill', 1, 0, now());
}

const CHANNELS = ['zone', 'zone', 'whisper', 'party'] as const;

function noteSaid({ fight, chat, ignored, sound, now }: DarkAgesPage, values: Values): void {
  const own = fight.client.welcome?.name;
  const channel = CHANNELS[Number(values.channel)] ?? 'zone';
  const from = String(values.from);
  if (isIgnored(ignored, from)) return;
  const who = channel !== 'whisper' ? from : from === own ? `to ${values.to}` : `${from} whispers`;
  addLine(chat, channel, who, String(values.text), from === own ? '' : from);
  if (from !== own) playSound(sound, 'word', channel === 'zone' ? 0.4 : 1, 0, now());
}
