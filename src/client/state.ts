// What a client is made of, its states and how they may follow each other. The functions are in client.ts (for hosts),
// connection.ts (coming and going) and receive.ts (what servers send). Browser main thread or Node.

import { assert } from '../base/assert.ts';
import type { Reader, Writer } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { AnyGame } from '../sim/game.ts';
import type { Replicas } from '../snapshot/replicas.ts';
import type { InputLayout } from '../wire/client-frame.ts';
import type { Messages } from '../wire/schema.ts';
import type { ClockSync } from './clock-sync.ts';
import type { Interpolation } from './interpolation.ts';
import type { OpenSocket, RequestSession, Socket } from './ports.ts';
import type { Prediction } from './prediction.ts';

/** Refused for good: `client.reason` says why. Only `startClient` leads out of it. */
export const FAILED = -1;
export const IDLE = 0;
/** Asks for a session, then opens the socket. */
export const CONNECTING = 1;
/** The join is sent; until the first snapshot and the first pong. */
export const JOINING = 2;
export const PLAYING = 3;
/** The connection was lost; waits before it connects again. */
export const RECONNECTING = 4;

const NEXT_STATES: Readonly<Record<number, readonly number[]>> = {
  [FAILED]: [IDLE, CONNECTING],
  [IDLE]: [CONNECTING],
  [CONNECTING]: [JOINING, RECONNECTING, FAILED, IDLE],
  [JOINING]: [PLAYING, RECONNECTING, FAILED, IDLE],
  [PLAYING]: [RECONNECTING, FAILED, IDLE],
  [RECONNECTING]: [CONNECTING, IDLE],
};

/** What the player wants, from the next tick on. The host writes it; what is out of range is cut when it is sent. */
export interface Intent {
  /** Where to go, world axes: −127 … 127, together within the circle of 127. */
  moveX: number;
  moveZ: number;
  /** Turns / 65536. */
  aim: number;
  buttons: number;
  /** The game's own inputs, by name. */
  readonly inputs: Record<string, number>;
}

/** Totals are since the client was created; the rest is as of now. */
export interface ClientStats {
  rttMs: number;
  /** Mean deviation of the times at which snapshots arrive. */
  jitterMs: number;
  /** Ticks by which the worst recent input was early, as the server says; negative: too late. */
  inputLead: number;
  /** How often a predicted position was wrong, and by how much the last time. */
  corrections: number;
  correctionMm: number;
  snapshots: number;
  /** Snapshots that should have come and didn't. */
  snapshotsLost: number;
  /** Snapshots not applied because they build on what this client doesn't hold. */
  snapshotsUnusable: number;
  bytesUp: number;
  bytesDown: number;
  /** Frames and parts of them that could not be read. */
  malformed: number;
  clockJumps: number;
  /** Inputs put into frames; where frames repeat some, these too. */
  inputsSent: number;
  /** Connections lost that had been playing. */
  reconnects: number;
  /** Of them, those after which it played again by its ticket, without a login. */
  resumed: number;
}

export interface ClientEvents {
  /** `client.state` has changed. */
  readonly stateChanged?: (state: number, before: number) => void;
  /** The server let the player in; `client.welcome` says as what. */
  readonly welcomed?: (welcome: Welcome) => void;
  readonly event?: (name: string, values: Readonly<Record<string, number | string>>, tick: number) => void;
  readonly snapshotApplied?: (tick: number) => void;
  readonly corrected?: (mm: number) => void;
  readonly pongReceived?: (rttMs: number) => void;
  /** The zone has more to do than before, or less: `client.load`. */
  readonly loadChanged?: (load: ZoneLoad) => void;
}

export interface ClientOptions {
  readonly game: AnyGame;
  readonly requestSession: RequestSession;
  readonly openSocket: OpenSocket;
  /** The same clock whose `now()` the host gives to `updateClient`: it says when a frame arrived. */
  readonly clock: Clock;
  /** [0, 1); spreads reconnects. */
  readonly random: () => number;
  readonly events?: ClientEvents;
  /** False for bots: `interpolation.views` stays empty and costs nothing; `placeShown` says where somebody is seen. */
  readonly interpolate?: boolean;
  /**
   * For bots that load a server: of snapshots only the own entity is read and nothing is predicted; `own` has the place
   * that the server said last, `correctionMm` and `replicas` say nothing of others. While it plays, the host asks its
   * clock and sends its inputs (tools/swarm/light-client.ts).
   */
  readonly isLight?: boolean;
  /** Of the game's events only these are read; all if it is not said. For bots, which hear of every fight near them. */
  readonly heardEvents?: readonly string[];
  /**
   * How far back each frame repeats inputs that changed something, for a transport that loses frames; 0 … 7. With
   * five, who walks about sends less than 2 KB a second, and at a fifth of all packets lost hardly an intent is late.
   */
  readonly repeatInputs?: number;
}

/** What the server said at the join. */
export interface Welcome {
  readonly zoneId: number;
  readonly seed: number;
  readonly slot: number;
  readonly generation: number;
  readonly name: string;
  readonly playerId: string;
  readonly snapshotIntervalTicks: number;
}

/** How busy the zone is, as it said last. */
export interface ZoneLoad {
  /** Place in OVERLOAD_STEPS, or beyond it, of a newer server; 0: nothing is held back. */
  readonly step: number;
  /** How fast the game's time runs: 1 is as it should, 0.5 half as fast. The client's clock keeps to it. */
  readonly pace: number;
  readonly snapshotIntervalTicks: number;
}

/** The own entity as it is shown: predicted, smoothed. Positions are mm, fractional. */
export interface OwnView {
  x: number;
  y: number;
  z: number;
  facing: number;
  /** Its columns as predicted, in the simulation's units. */
  readonly columns: Record<string, number>;
}

/** Answer to a request: '' when done, else a short code; also `timeout` and `disconnected`. */
export type RequestDone = (refused: string) => void;

export interface PendingRequest {
  readonly done: RequestDone;
  readonly deadlineMs: number;
}

/** One that is under way (commands.ts). */
export interface Command {
  readonly name: string;
  readonly values: Readonly<Record<string, number | string>>;
  /** Of whom it is: a key is a player's own. */
  readonly playerId: string;
  /** In the order in which they were asked for. */
  readonly number: number;
  readonly done: RequestDone;
  isSent: boolean;
  dueMs: number;
}

export interface Client {
  readonly options: ClientOptions;
  readonly game: AnyGame;
  state: number;
  /** Why it failed or reconnects: a code of the server's or `unreachable`, `silent`, `lost`. */
  reason: string;
  readonly intent: Intent;
  readonly stats: ClientStats;
  readonly own: OwnView;
  readonly interpolation: Interpolation;
  /** The tick at which the others were shown last, fractional; −1 before the first. Inputs say how old that is. */
  shownTick: number;
  /** The map of the zone, once welcomed. */
  map: unknown;
  /** From which `map` was made. */
  seed: number;
  welcome: Welcome | undefined;
  load: ZoneLoad;
  sync: ClockSync;
  replicas: Replicas;
  prediction: Prediction | undefined;

  // --- the connection
  socket: Socket | undefined;
  /** Grows with each attempt: what an older one still calls is ignored. */
  attempt: number;
  /** Of zones that had no room, since the last that had. */
  readonly fullZones: string[];
  /** Attempts since the last that got to play. */
  failures: number;
  /** When the state is given up (CONNECTING, JOINING) or the wait is over (RECONNECTING). */
  deadlineMs: number;
  /** Opens the next session; undefined: that takes a login. */
  ticket: string | undefined;
  /** Of the node, and of its process, that its last session came from. */
  node: string | undefined;
  boot: string | undefined;
  /** Since when it tries to come back to where it was; −1 while it does not. */
  resumingSinceMs: number;
  /** When a silent connection asks next whether its server is another one by now; infinity while it waits for the answer. */
  probeDueMs: number;
  /** The snapshot after which the silence was long enough to wonder: its `snapshotMs`. */
  doubtedMs: number;
  /** How often nobody was there to answer, in this doubt. */
  probesUnanswered: number;
  /** Between snapshots of this connection: the longest, forgotten little by little. */
  snapshotGapMs: number;
  /** When the newest snapshot was applied. */
  snapshotMs: number;
  playingSinceMs: number;
  /** The server's last word on this connection. */
  goodbye: string | undefined;

  // --- what is sent
  readonly messages: Messages;
  readonly layout: InputLayout;
  /** Field numbers of the events that are read; undefined: all. */
  readonly heardEvents: ReadonlySet<number> | undefined;
  readonly reader: Reader;
  readonly writer: Writer;
  /** `updateClient`, for connection.ts, which it imports. */
  readonly update: (nowMs: number) => void;
  updatedMs: number;
  /** Inputs that a frame waits for, as the server asked. */
  inputsPerFrame: number;
  /** Newest tick whose input was sent. */
  sentTick: number;
  pingSeq: number;
  readonly pingSentMs: Float64Array;
  pingDueMs: number;
  requestId: number;
  readonly requests: Map<number, PendingRequest>;
  /** By key. */
  readonly commands: Map<number, Command>;
  /** How many there were. */
  commandCount: number;
}

/** Lost the connection and comes back by itself, without a login; until it plays, or for `RESUME_MS_MAX`. */
export function isResuming({ resumingSinceMs }: Client): boolean {
  return resumingSinceMs >= 0;
}

/** What holds until a zone says something else. */
export const FULL_PACE: ZoneLoad = { step: 0, pace: 1, snapshotIntervalTicks: 0 };

/** Ticks between two snapshots, as far as the zone has said. */
export function snapshotInterval({ welcome, load }: Client): number {
  return Math.max(1, welcome?.snapshotIntervalTicks ?? 1, load.snapshotIntervalTicks);
}

export function setState(client: Client, state: number): void {
  const before = client.state;
  if (before === state) return;
  assert(NEXT_STATES[before]!.includes(state), `a client goes from state ${before} to ${state}`);
  client.state = state;
  client.options.events?.stateChanged?.(state, before);
}
