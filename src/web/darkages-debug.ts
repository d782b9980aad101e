// The debug view: beside what is shown, where the server's newest word has everyone, where it judges this player's hits
// (rewind shadows), how far it tells of others, and by how many ticks these lie apart. Browser main thread; reads what
// the client library holds.
//
// The shadows are this page's reckoning, since the server doesn't send what it does: its rule (src/rewind/view-age.ts)
// is followed here with what this client tells it, so they are right as long as inputs arrive in time.

import { rewindTicksClaimed } from '../client/client.ts';
import { type EntityView, type Interpolation, placeShown } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import { FIGHTER_LAST, FIGHTERS, PROJECTILE } from '../game/kinds.ts';
import { POSITION_SHIFT } from '../sim/columns.ts';
import { type Camera, screenX, screenY } from './camera.ts';
import { circle } from './darkages-draw.ts';
import { addElement, setHidden, setText } from './dom.ts';
import { placeRadar } from './radar.ts';

/** By how much a tick the server follows a claimed age, in ticks. */
const REWIND_PER_TICK = 1 / 16;
const COLOURS = { own: '#7fb4ff', newest: '#e6b455', judged: '#f07ad0' };

export interface Debug {
  readonly client: Client;
  readonly panel: HTMLElement;
  readonly own: HTMLElement;
  readonly newest: HTMLElement;
  readonly judged: HTMLElement;
  readonly interest: HTMLElement;
  isOn: boolean;
  /** Ticks that hits are judged back from the newest input; −1 before the first. */
  rewindTicks: number;
  /** The tick for which that holds. */
  tick: number;
}

export function createDebug(client: Client): Debug {
  const panel = addElement('dl', 'debug', document.body);
  panel.hidden = true;
  panel.setAttribute('aria-label', 'Debug view');
  const addRow = (className: string, label: string): HTMLElement => {
    addElement('dt', className, panel, label);
    return addElement('dd', '', panel);
  };
  return {
    client,
    panel,
    own: addRow('own', 'you, as the server has it'),
    newest: addRow('newest', 'others, by its newest word'),
    judged: addRow('judged', 'others, where your hits are judged'),
    interest: addRow('interest', 'you are told of others'),
    isOn: false,
    rewindTicks: -1,
    tick: 0,
  };
}

/** Follows the server's rule tick by tick, also while nothing is shown: it has a memory. */
export function updateDebug(debug: Debug, isPlaying: boolean): void {
  const { client } = debug;
  setHidden(debug.panel, !debug.isOn || !isPlaying);
  if (!isPlaying) {
    debug.rewindTicks = -1;
    return;
  }
  const { tick } = client.sync;
  const claimed = rewindTicksClaimed(client);
  const most = Math.max(0, tick - debug.tick) * REWIND_PER_TICK;
  const isFirst = debug.rewindTicks <= 0;
  debug.rewindTicks = isFirst ? claimed : debug.rewindTicks + clamp(claimed - debug.rewindTicks, most);
  debug.tick = tick;
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(value, most));
}

export function drawDebug(context: CanvasRenderingContext2D, camera: Camera, debug: Debug): void {
  const { client } = debug;
  const { replicas, welcome, own, interpolation, game, sync } = client;
  if (!debug.isOn || welcome === undefined) return;
  const judgedTick = sync.tick - Math.round(debug.rewindTicks);
  // The same picture at another time.
  const past: Interpolation = { ...interpolation, tick: judgedTick };
  context.lineWidth = 1.5;
  for (const view of interpolation.views.values()) {
    if (view.kind > PROJECTILE) continue;
    drawNewest(context, camera, client, view);
    if (view.kind <= FIGHTER_LAST) drawShadow(context, camera, view, placeShown(past, replicas, view.replica));
  }
  const ownReplica = replicas.bySlot.get(welcome.slot);
  let offMm = 0;
  if (ownReplica !== undefined) {
    const x = newestMm(client, ownReplica, 'positionX');
    const z = newestMm(client, ownReplica, 'positionZ');
    offMm = Math.hypot(x - own.x, z - own.z);
    context.setLineDash([4, 3]);
    ring(context, COLOURS.own, screenX(camera, x), screenY(camera, z), 16);
    link(context, camera, own, x, z);
  }
  context.lineWidth = 1.5;
  context.setLineDash([6, 5]);
  const { interestRadiusMm } = game.limits;
  ring(context, COLOURS.own, screenX(camera, own.x), screenY(camera, own.z), interestRadiusMm * camera.pixelsPerMm);
  // The radar ends where the interest does: what lies beyond the screen is seen there.
  const radar = placeRadar(camera);
  ring(context, COLOURS.own, radar.x, radar.y, radar.radius);
  context.setLineDash([]);
  const behind = Math.max(0, replicas.tick - interpolation.tick).toFixed(1);
  setText(
    debug.own,
    `tick ${replicas.tick}, ${(offMm / 1000).toFixed(1)} m and ${sync.tick - replicas.tick} ticks behind`,
  );
  setText(debug.newest, `tick ${replicas.tick}, the picture is ${behind} ticks behind`);
  setText(debug.judged, `tick ${judgedTick}, ${Math.round(debug.rewindTicks)} ticks before your input`);
  setText(debug.interest, `up to ${interestRadiusMm / 1000} m: the rim of the radar`);
}

function drawNewest(context: CanvasRenderingContext2D, camera: Camera, client: Client, view: EntityView): void {
  const x = newestMm(client, view.replica, 'positionX');
  const z = newestMm(client, view.replica, 'positionZ');
  context.setLineDash([4, 3]);
  ring(context, COLOURS.newest, screenX(camera, x), screenY(camera, z), radiusPx(camera, view));
  link(context, camera, view, x, z);
  context.setLineDash([]);
}

/** As large as what can be hit. */
function drawShadow(
  context: CanvasRenderingContext2D,
  camera: Camera,
  view: EntityView,
  { x, z }: { readonly x: number; readonly z: number },
): void {
  context.globalAlpha = 0.35;
  context.fillStyle = COLOURS.judged;
  circle(context, screenX(camera, x), screenY(camera, z), radiusPx(camera, view));
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = COLOURS.judged;
  context.stroke();
}

function radiusPx(camera: Camera, { kind }: EntityView): number {
  return Math.max(5, (FIGHTERS[kind]?.radiusMm ?? 0) * camera.pixelsPerMm);
}

function ring(context: CanvasRenderingContext2D, colour: string, x: number, y: number, radius: number): void {
  context.strokeStyle = colour;
  circle(context, x, y, radius);
  context.stroke();
}

/** From where somebody is shown. */
function link(
  context: CanvasRenderingContext2D,
  camera: Camera,
  shown: { readonly x: number; readonly z: number },
  x: number,
  z: number,
): void {
  context.beginPath();
  context.moveTo(screenX(camera, shown.x), screenY(camera, shown.z));
  context.lineTo(screenX(camera, x), screenY(camera, z));
  context.stroke();
}

/** A coordinate of the newest state held; coarse and fine parts are joined. */
function newestMm({ game }: Client, { values, count }: EntityView['replica'], column: string): number {
  const { rows } = game;
  let units = 0;
  for (let row = 0; row < rows.length; row++) {
    if (rows[row]!.column === column) units |= values[(count - 1) * rows.length + row]! << rows[row]!.shift;
  }
  return units / (1 << POSITION_SHIFT);
}
