// What a zone consists of, for the files that work on parts of it. Zone thread. Types alone.

import type { Reader, Writer } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { KeepingRingReader, StagedRingWriter } from '../base/ring.ts';
import type { InputGuard } from '../guard/input-guard.ts';
import type { Past } from '../rewind/past.ts';
import type { AnyGame, Simulation } from '../sim/game.ts';
import type { History } from '../sim/history.ts';
import type { PendingInputs } from '../sim/pending-inputs.ts';
import type { World } from '../sim/world.ts';
import type { Messages } from '../wire/schema.ts';
import type { Answers } from './answers.ts';
import type { ZoneBuffers } from './buffers.ts';
import type { Commits } from './commits.ts';
import type { Events } from './events.ts';
import type { ZoneJournal } from './journal.ts';
import type { Keyframes } from './keyframes.ts';
import type { Names } from './names.ts';
import type { PhaseWatch } from './phases.ts';
import type { RequestQueue } from './request-queue.ts';
import type { RequestKind } from './requests.ts';
import type { Saves } from './saves.ts';

/** How far a replay came. */
export interface Replayed {
  readonly ticks: number;
  /**
   * `whole`: to the last record. Else why the state can't be trusted: it is not what it was, promises lie beyond what can be
   * replayed, the keyframe is of another game or version of it, or the rules threw an error.
   */
  readonly end: 'whole' | 'diverged' | 'promises_beyond' | 'other_game' | 'failed';
  /** Of `failed`. */
  readonly error?: string;
  /** Of the state that it came to. */
  readonly tick: number;
  readonly hash: string;
}

/** What the journal has of a zone. */
export interface Recovered {
  readonly keyframe: Uint8Array;
  /** Records of ticks, oldest first; those up to the keyframe may be among them. */
  readonly ticks: Iterable<Uint8Array>;
  readonly onReplayed: (replayed: Replayed) => void;
}

export interface ZoneOptions {
  readonly game: AnyGame;
  readonly seed: number;
  /** What `random` depends on beside the seed, which clients know; part of the start that a replay needs. */
  readonly secret?: Uint32Array | undefined;
  readonly epoch: number;
  readonly buffers: ZoneBuffers;
  /** Goes on from the keyframe in `buffers`, if there is one. */
  readonly resume: boolean;
  /** What the journal has of the zone, to go on from: `recovery.ts`. */
  readonly recovered?: Recovered | undefined;
  /** Gets every record that is taken, with its tick: the stream that replays the zone. The bytes are the zone's. */
  readonly onRecord?: (tick: number, bytes: Uint8Array, offset: number, end: number) => void;
  /** Measures what its ticks spend time on. */
  readonly watch?: PhaseWatch | undefined;
}

export interface Zone {
  readonly game: AnyGame;
  readonly world: World;
  readonly sim: Simulation;
  readonly pending: PendingInputs;
  readonly history: History;
  readonly past: Past;
  readonly keyframes: Keyframes;
  readonly guard: InputGuard;
  readonly counters: Counters<'zone'>;
  /** By place in `game.rules`. */
  readonly ruleCounts: Uint32Array;
  readonly names: Names;
  readonly messages: Messages;
  readonly events: Events;
  readonly inputs: readonly KeepingRingReader[];
  readonly outputs: readonly StagedRingWriter[];
  readonly saves: Saves;
  readonly commits: Commits;
  readonly answers: Answers;
  /** Undefined in a replay, and where nothing is to be kept: then whatever is promised is told at once. */
  journal: ZoneJournal | undefined;
  /** Ticks of before are done again: nobody is told, and nothing is kept a second time. */
  isReplaying: boolean;
  readonly requests: RequestQueue;
  readonly requestKinds: readonly RequestKind[];
  readonly onRecord: ZoneOptions['onRecord'];
  readonly watch: PhaseWatch | undefined;
  /** Tells the watch. */
  readonly onSystem: ((index: number) => void) | undefined;
  /** Derived from the columns: slot of each player, slot + 1 of each client. */
  readonly slotOfPlayer: Map<number, number>;
  readonly slotOfClient: Int32Array;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly inputWords: Int32Array;
}
