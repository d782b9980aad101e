// One bot: a client of src/client that wanders, or fights where the game has it, and the account of how it fared. Bots process; time is handed in.
// It fails once, by the first thing that went wrong, and plays on all the same: the others' load shall not change.

import type { Clock } from '../../src/base/clock.ts';
import { SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createClient, sendRequest, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import { sendCommand } from '../../src/client/commands.ts';
import type { PostJson, RequestSession } from '../../src/client/ports.ts';
import { createGuestSecret, createRequestKey, createSessionRequest } from '../../src/client/session.ts';
import { type Client, type ClientEvents, FAILED, PLAYING } from '../../src/client/state.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { type Crowd, noteSeen } from './crowd.ts';
import { createDeeds, type Doer, noteAcknowledged, noteColumns, noteEvent, noteRequestRefused } from './deeds.ts';
import {
  canFight,
  createFighter,
  type Fighter,
  type FighterView,
  noteInvitation,
  noteParty,
  updateFighter,
} from './fighter.ts';
import {
  createLightClient,
  keepLightClient,
  type LightClient,
  resetLightClient,
  sendLightFrame,
  setWanted,
} from './light-client.ts';
import type { Link } from './link.ts';
import { type BotState, countFailure, type Part, type Transport } from './report.ts';
import { createFighterView, handleOf, LightView } from './sight.ts';
import { addValue } from './statistics.ts';
import { touchBot } from './touch.ts';
import {
  canTrade,
  createPurse,
  createTrader,
  noteTradeEvent,
  resetTrader,
  type Trader,
  updateTrader,
} from './trader.ts';
import { createWander, updateWander, type Wander } from './wander.ts';

export interface BotOptions {
  readonly game: AnyGame;
  readonly url: string;
  /** Which zone it joins; undefined: where the server sends it. */
  readonly zoneId: number | undefined;
  /** How many there are in all. */
  readonly bots: number;
  /** All stay within so far of the world's middle; 0: they are spread. */
  readonly withinMm?: number;
  /** Of this bot alone. */
  readonly seed: number;
  readonly startMs: number;
  readonly transport: Transport;
  /** Its line to the server, made with a generator of its own. */
  readonly createLink: (random: Random) => Link;
  /** Wanders only, also where it could fight. */
  readonly isPeaceful?: boolean;
  /** Buys, sells and trades instead of fighting, where the game has it. */
  readonly isTrader?: boolean;
  /** Hears of each command that the server has answered. */
  readonly acknowledged?: ((command: Acknowledged) => void) | undefined;
  /** Reads only its own entity, predicts nothing, and makes up its mind at every third tick: costs a fraction. */
  readonly isLight?: boolean;
  /** How light ones take turns before they are due, where that can be. */
  readonly ahead?: Ahead | undefined;
  /** By which light bots know of the others; of all bots of a process the same. */
  readonly crowd: Crowd;
  readonly post: PostJson;
  readonly clock: Clock;
  /** Where it adds what it measures. */
  readonly part: Part;
}

/** A command, and what the server said: '' done, else why not. From then on that holds. */
export interface Acknowledged {
  readonly playerId: number;
  readonly key: number;
  readonly request: string;
  readonly refused: string;
}

/** The schedule and the line of one bot, for turns that are taken before they are due. */
export interface Ahead {
  /** How many of its next turns were taken. */
  count(): number;
  /** Takes the next one, and says when it is due. */
  take(): number;
  /**
   * What is sent from now on leaves then, and how much later it really left is noted. False: that is not later than
   * `nowMs`, so it leaves at once.
   */
  leaveAt(leavesMs: number, nowMs: number): boolean;
}

export interface Bot {
  readonly client: Client;
  readonly link: Link;
  readonly wander: Wander;
  /** Undefined when the game is one that bots can't fight in: then it only wanders. */
  readonly fighter: Fighter | undefined;
  /** Undefined when it does not trade. */
  readonly trader: Trader | undefined;
  /** How many of an item it has. */
  readonly owned: (item: number) => number;
  /** Of the keys of its commands. */
  readonly keys: Random;
  readonly acknowledged: BotOptions['acknowledged'];
  readonly view: FighterView;
  /** Of a light one: what sends for it while it plays. */
  readonly light: LightClient | undefined;
  readonly ahead: Ahead | undefined;
  readonly crowd: Crowd;
  readonly doer: Doer;
  readonly part: Part;
  readonly startMs: number;
  isStarted: boolean;
  hasFailed: boolean;
  /** Turns until a light one decides and looks after its connection again. */
  lightTurns: number;
  /** What it was doing when its time was accounted for last, and for how long that is not in `part` yet. */
  state: BotState;
  stateMs: number;
  /** When it tells the light ones next of whom it sees. */
  tellMs: number;
  /** Time of its last turn that it accounted for: when that was due, and when it was run. */
  dueMs: number;
  ranMs: number;
  /** When it first played; −1 before. What is per second counts from there. */
  playedMs: number;
  bytesDownBefore: number;
  bytesUpBefore: number;
  snapshots: number;
  /** Of the snapshot being taken; 0 when the prediction was right. */
  correctionMm: number;
  /** Without a snapshot while playing, and without playing, each until now. */
  silentMs: number;
  awayMs: number;
}

/** A bot that is not playing for so long, at the start or after it lost the connection, has failed. */
export const AWAY_MS_MAX = 10_000;
export const SILENT_MS_MAX = 2_000;
/** A bot measured over less than this says nothing about what is per second. */
const MEASURED_MS_MIN = 1_000;
/** Of inputs that changed something, where they can be lost. */
const REPEAT_INPUTS = 5;
/** A light bot makes up its mind with as many turns as lie between two snapshots. */
const LIGHT_TURNS = SNAPSHOT_INTERVAL_TICKS;
/** What a light one has to hear of to find into a party and out of it. */
const LIGHT_EVENTS = ['invited', 'party', 'tradeOffered', 'trade', 'traded'];
/** How often a bot tells the light ones of whom it sees; they look round a little less often. */
const TELL_MS = 200;
/** Of a pause of this process no more is held against the server. */
const ELAPSED_MS_MAX = 100;

/** Each bot is a guest of its own. */
function askAsGuest(options: BotOptions): RequestSession {
  return createSessionRequest({
    post: options.post,
    baseUrl: options.url,
    secret: createGuestSecret(),
    key: createRequestKey(() => crypto.randomUUID()),
    zoneId: options.zoneId,
    transport: options.transport === 'udp' ? 'udp' : undefined,
  });
}

export function createBot(options: BotOptions): Bot {
  const { game, seed, clock, part } = options;
  const random: Random = createRandom(seed);
  const link = options.createLink(random);
  const events: ClientEvents = {
    pongReceived: (rttMs) => addValue(part.figures.roundTripMs, rttMs),
    corrected: (mm) => {
      bot.correctionMm = mm;
    },
    snapshotApplied: () => {
      takeSnapshot(bot);
      lightView?.note();
      takeTurnsAhead(bot, clock.now());
    },
    event: (name, values) => takeEvent(bot, name, values),
    loadChanged({ step, pace }) {
      part.overloadStepMax = Math.max(part.overloadStepMax, step);
      part.pacePercentMin = Math.min(part.pacePercentMin, Math.round(pace * 100));
    },
    welcomed: ({ slot, generation, name }) => {
      if (bot.light !== undefined) resetLightClient(bot.light);
      Object.assign(bot.doer, { handle: handleOf(slot, generation), name, actedTick: -1, isInParty: false });
      // Who is back in one is told so.
      if (bot.fighter !== undefined) noteParty(bot.fighter, '', name);
      if (bot.trader !== undefined) resetTrader(bot.trader);
    },
  };
  const fights = options.isPeaceful !== true && canFight(game);
  const isLight = options.isLight === true;
  const client = createClient({
    game,
    requestSession: askAsGuest(options),
    openSocket: link.open,
    clock,
    random: () => random.fraction(),
    interpolate: false,
    isLight,
    ...(isLight && game.events !== undefined && { heardEvents: LIGHT_EVENTS.filter((name) => name in game.events!) }),
    repeatInputs: options.transport === 'udp' ? REPEAT_INPUTS : 0,
    events,
  });
  // Its own generators: what the network does must not change where the bot goes.
  const wander = createWander(game, createRandom(seed ^ 0x5bd1_e995), options.bots, options.withinMm);
  const fighter = fights ? createFighter(wander, createRandom(seed ^ 0x2545_f491)) : undefined;
  const isTrader = fights && options.isTrader === true && canTrade(game);
  if (fighter !== undefined) part.deeds ??= createDeeds();
  const request: FighterView['request'] = (name, values) => ask(bot, name, values);
  const lightView = isLight && fights ? new LightView(client, options.crowd, request) : undefined;
  const bot: Bot = {
    client,
    link,
    wander,
    fighter,
    trader: isTrader ? createTrader(createRandom(seed ^ 0x1f12_3bb5)) : undefined,
    owned: createPurse(client),
    keys: createRandom(seed ^ 0x6c07_8965),
    acknowledged: options.acknowledged,
    view: lightView ?? createFighterView(client, request),
    light: isLight ? createLightClient(client) : undefined,
    ahead: options.ahead,
    crowd: options.crowd,
    doer: { handle: 0, name: '', actedTick: -1, isInParty: false },
    part,
    startMs: options.startMs,
    isStarted: false,
    hasFailed: false,
    lightTurns: 0,
    state: 'CONNECTING',
    stateMs: 0,
    tellMs: 0,
    dueMs: options.startMs,
    ranMs: options.startMs,
    playedMs: -1,
    bytesDownBefore: 0,
    bytesUpBefore: 0,
    snapshots: 0,
    correctionMm: 0,
    silentMs: 0,
    awayMs: 0,
  };
  if (isLight) link.touch = () => touchBot(bot);
  return bot;
}

function takeSnapshot(bot: Bot): void {
  const { part } = bot;
  bot.silentMs = 0;
  if (bot.playedMs < 0) return;
  bot.snapshots++;
  part.snapshots++;
  if (bot.client.options.isLight === true) return;
  addValue(part.figures.correctionMm, bot.correctionMm);
  if (bot.correctionMm > 0) part.corrections++;
  bot.correctionMm = 0;
}

function ask(bot: Bot, name: string, values: Readonly<Record<string, number | string>>): void {
  const { deeds } = bot.part;
  if (bot.client.game.requests![name]!.committed === true) {
    command(bot, name, values);
    return;
  }
  sendRequest(bot.client, name, values, bot.dueMs, (refused) => {
    if (refused !== '' && deeds !== undefined) noteRequestRefused(deeds, name, refused);
  });
}

/** What is committed is asked until it is answered, whatever happens in between. */
function command(bot: Bot, request: string, values: Readonly<Record<string, number | string>>): void {
  const { client, keys, part } = bot;
  const playerId = Number(client.welcome?.playerId);
  let key = 0;
  key = sendCommand(client, request, values, keys.fraction, (refused) => {
    if (key === 0 || refused === 'replaced') return;
    if (part.deeds !== undefined) noteAcknowledged(part.deeds, request, refused);
    bot.acknowledged?.({ playerId, key, request, refused });
  });
}

function takeEvent(bot: Bot, name: string, values: Readonly<Record<string, number | string>>): void {
  const { fighter, doer, part } = bot;
  if (fighter === undefined) return;
  noteEvent(part.deeds!, doer, name, values);
  if (bot.trader !== undefined) noteTradeEvent(bot.trader, name, values);
  if (name === 'invited') noteInvitation(fighter, String(values.from));
  else if (name === 'party') noteParty(fighter, String(values.members), doer.name);
}

/**
 * The bot's turn, which was due at `dueMs` and is run at `nowMs`. It acts as if it were in time: what the delay does
 * is then seen in the round trip and at the server, instead of being left out.
 */
export function runBot(bot: Bot, dueMs: number, nowMs: number): void {
  if (dueMs < bot.startMs) return;
  const { client, part, light, link } = bot;
  if (!bot.isStarted) {
    bot.isStarted = true;
    startClient(client, dueMs);
  }
  if (client.state !== PLAYING) {
    link.update(nowMs);
    account(bot, dueMs, nowMs);
    updateClient(client, dueMs);
    return;
  }
  if (bot.playedMs < 0) beginMeasuring(bot, dueMs);
  addValue(part.figures.scheduleErrorMs, nowMs - dueMs);
  if (light === undefined) {
    link.update(nowMs);
    account(bot, dueMs, nowMs);
    decide(bot, dueMs);
    updateClient(client, dueMs);
    tellCrowd(bot, dueMs);
  } else {
    if (--bot.lightTurns <= 0) takeLightTurn(bot, light, dueMs, nowMs);
    if (client.state === PLAYING) sendLightFrame(light, dueMs, bot.lightTurns);
    bot.link.update(nowMs);
  }
}

/**
 * With a snapshot a light bot takes its turns until the next one at once, and says of each packet when it is to leave:
 * all that is known of a bot lies in memory far apart, and finding it for each turn cost three times what the turn does.
 */
function takeTurnsAhead(bot: Bot, nowMs: number): void {
  const { ahead, light, client, part } = bot;
  if (light === undefined || ahead === undefined || bot.playedMs < 0 || client.state !== PLAYING) return;
  if (ahead.count() >= LIGHT_TURNS - 1 || bot.link.canSendAhead?.() !== true) return;
  for (let left = LIGHT_TURNS; left > 0; left--) {
    const dueMs = ahead.take();
    if (!ahead.leaveAt(dueMs, nowMs)) addValue(part.figures.scheduleErrorMs, nowMs - dueMs);
    if (left === LIGHT_TURNS) takeLightTurn(bot, light, dueMs, nowMs);
    if (bot.client.state === PLAYING) sendLightFrame(light, dueMs, left);
  }
  bot.lightTurns = 1;
  ahead.leaveAt(nowMs, nowMs);
  bot.link.update(nowMs);
}

/** What a light bot does at every third tick only. */
function takeLightTurn(bot: Bot, light: LightClient, dueMs: number, nowMs: number): void {
  bot.lightTurns = LIGHT_TURNS;
  account(bot, dueMs, nowMs);
  keepLightClient(light, dueMs);
  if (bot.client.state !== PLAYING) return;
  decide(bot, dueMs);
  setWanted(light);
}

/** Time in the state that it was in until now, and whether that is well. */
function account(bot: Bot, dueMs: number, nowMs: number): void {
  const state = botState(bot);
  if (state !== bot.state) noteState(bot, state);
  bot.stateMs += Math.max(0, dueMs - bot.dueMs);
  bot.dueMs = dueMs;
  judge(bot, Math.min(nowMs - bot.ranMs, ELAPSED_MS_MAX));
  bot.ranMs = nowMs;
}

/** The time in the state before is known. */
function noteState(bot: Bot, state: BotState): void {
  bot.part.timeInState[bot.state] += bot.stateMs / 1000;
  bot.state = state;
  bot.stateMs = 0;
}

/** Light ones see none but themselves: the others tell them of whom they see. */
function tellCrowd(bot: Bot, nowMs: number): void {
  const { crowd, view } = bot;
  if (nowMs < bot.tellMs || bot.fighter === undefined || !crowd.isHeard) return;
  bot.tellMs = nowMs + TELL_MS;
  for (const seen of view.seeAll()) noteSeen(crowd, seen);
}

function decide(bot: Bot, nowMs: number): void {
  const { client, fighter, wander, view } = bot;
  const { own, intent } = client;
  // In the first turn nothing of the own character is known yet.
  if (fighter === undefined || view.own.health === undefined) {
    updateWander(wander, nowMs, own.x, own.z, intent, fighter === undefined);
    return;
  }
  noteColumns(bot.part.deeds!, bot.doer, view.own);
  if (bot.trader !== undefined) updateTrader(bot.trader, fighter, view, bot.owned);
  else updateFighter(fighter, view, nowMs);
}

function beginMeasuring(bot: Bot, nowMs: number): void {
  bot.playedMs = nowMs;
  bot.bytesDownBefore = bot.client.stats.bytesDown;
  bot.bytesUpBefore = bot.client.stats.bytesUp;
}

/** What is per second counts from now on. */
export function measureAnew(bot: Bot, nowMs: number): void {
  bot.snapshots = 0;
  bot.stateMs = 0;
  if (bot.playedMs >= 0) beginMeasuring(bot, nowMs);
}

export function botState(bot: Bot): BotState {
  if (bot.client.state !== PLAYING) return bot.playedMs < 0 ? 'CONNECTING' : 'RECONNECTING';
  if (bot.fighter !== undefined) return bot.fighter.state;
  return bot.wander.isIdle ? 'IDLE' : 'WANDERING';
}

function judge(bot: Bot, elapsedMs: number): void {
  const { client } = bot;
  if (client.stats.malformed > 0) failBot(bot, 'malformed_frame');
  if (client.state === PLAYING) {
    bot.awayMs = 0;
    bot.silentMs += elapsedMs;
    if (bot.silentMs > SILENT_MS_MAX) failBot(bot, 'no_snapshot');
    return;
  }
  bot.silentMs = 0;
  bot.awayMs += elapsedMs;
  if (client.state === FAILED || bot.awayMs > AWAY_MS_MAX) failAway(bot);
}

function failAway(bot: Bot): void {
  const what = bot.playedMs < 0 ? 'join' : 'lost';
  failBot(bot, `${what}_${bot.client.reason === '' ? 'timeout' : bot.client.reason}`);
}

function failBot(bot: Bot, reason: string): void {
  if (bot.hasFailed) return;
  bot.hasFailed = true;
  countFailure(bot.part, reason);
}

/** What its transport knows of the line, if it does. */
function noteLine({ client, part: { figures } }: Bot): void {
  const line = client.socket?.line;
  if (line === undefined || line.rttMs < 0) return;
  addValue(figures.lineRttMs, line.rttMs);
  addValue(figures.lossUpPercent, line.lossOutShare * 100);
  addValue(figures.lossDownPercent, line.lossInShare * 100);
}

/** The run is over: leaves, and hands in what is per second. */
export function endBot(bot: Bot, nowMs: number): void {
  const { client, part } = bot;
  if (bot.isStarted && client.state !== PLAYING) failAway(bot);
  noteState(bot, bot.state);
  noteLine(bot);
  stopClient(client);
  part.reconnects += client.stats.reconnects;
  part.resumed += client.stats.resumed;
  part.inputsSent += client.stats.inputsSent;
  const measuredMs = nowMs - bot.playedMs;
  if (bot.playedMs < 0 || measuredMs < MEASURED_MS_MIN) return;
  const seconds = measuredMs / 1000;
  addValue(part.figures.snapshotsPerSecond, bot.snapshots / seconds);
  addValue(part.figures.bytesDownPerSecond, (client.stats.bytesDown - bot.bytesDownBefore) / seconds);
  addValue(part.figures.bytesUpPerSecond, (client.stats.bytesUp - bot.bytesUpBefore) / seconds);
}
