// The play page: joins the zone with the client library, draws it, turns keys and fingers into intent, and says in
// plain words how the connection is. Browser main thread. The bundler (src/io/page-bundle.ts) puts the game that the
// server runs in place of `../game/game.ts`.

import { createClient, startClient, stopClient, updateClient } from '../client/client.ts';
import { createRequestKey, createSessionRequest } from '../client/session.ts';
import { type Client, FAILED, IDLE, isResuming, PLAYING } from '../client/state.ts';
import { game } from '../game/game.ts';
import { browserClock, drawKey, keptValue, openBrowserSocket, postJson } from './browser-ports.ts';
import { createCamera, resizeCamera } from './camera.ts';
import { createControls, readControls } from './controls.ts';
import { addIgnoredList, createDarkAges, enterDarkAges, hearEvent, readDarkAges, updateDarkAges } from './darkages.ts';
import { isTyping } from './dom.ts';
import { createNetGraph, updateNetGraph } from './net-graph.ts';
import { createScene, drawScene, setSceneMap } from './scene.ts';
import { createSettings, keptSwitch, showSettings } from './settings.ts';
import { createSound, switchSound } from './sound.ts';
import { bannerText, loadText, reasonText, stateName } from './words.ts';

/** A tab in the background gets no frames. Where the browser grants fewer timers, the client goes by what arrives. */
const HIDDEN_UPDATE_MS = 250;
const STATUS_MS = 250;
const FIGHT_HELP =
  'WASD: walk, Shift: sprint, Space: jump · Left mouse or 1: slash · Right mouse or 2: bolt at the cursor · ' +
  '3: meteor where the cursor is; stand still · 4: mend yourself, or the party member under the cursor or chosen in the list · ' +
  'Enter: chat, Tab: scores, N: network graph, Y: accept an invitation';

declare global {
  /** For tests and the browser's console. */
  var darkages: { readonly client: Client };
}

function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${id}`);
  return element;
}

const sceneCanvas = find('scene', HTMLCanvasElement);
const banner = find('banner', HTMLElement);
const loadLine = find('load', HTMLElement);
const card = find('card', HTMLFormElement);
const nameInput = find('name', HTMLInputElement);
const forgetButton = find('forget', HTMLButtonElement);
const cardError = find('card-error', HTMLElement);
const pillText = find('pill-text', HTMLElement);
const graphPanel = find('graph', HTMLElement);
const graphButton = find('graph-button', HTMLButtonElement);

const keptName = keptValue('darkages.name');
const guestSecret = keptValue('darkages.guest');
const keptGraph = keptSwitch('darkages.graph', false);
const keptSound = keptSwitch('darkages.sound', true);
const keptDebug = keptSwitch('darkages.debug', false);
let isFirstWelcome = true;
/** Who the player was until it asked for another name; undefined again when it has that. */
let former: { readonly name: string | undefined; readonly secret: string | undefined } | undefined;

/** `?zone=2` asks for that one; without it the server says which. */
const zoneId = Number(new URLSearchParams(location.search).get('zone')) || undefined;

const requestKey = createRequestKey(drawKey);
const client = createClient({
  game,
  requestSession: (done, fullZones, ticket) => {
    const name = keptName.load();
    const request = createSessionRequest({
      post: postJson,
      baseUrl: location.origin,
      secret: guestSecret,
      key: requestKey,
      name,
      zoneId,
    });
    request(done, fullZones, ticket);
  },
  openSocket: openBrowserSocket,
  clock: browserClock,
  random: Math.random,
  events: {
    welcomed(welcome) {
      former = undefined;
      setSceneMap(scene, client);
      keptName.save(welcome.name);
      if (fight !== undefined) enterDarkAges(fight, isFirstWelcome);
      isFirstWelcome = false;
    },
    stateChanged: showState,
    loadChanged: showLoad,
    event(name, values) {
      if (fight !== undefined) hearEvent(fight, name, values);
    },
  },
});
globalThis.darkages = { client };

const context = sceneCanvas.getContext('2d', { alpha: false });
if (context === null) throw new Error('this browser has no 2D canvas');
const camera = createCamera();
const hasTouch = matchMedia('(pointer: coarse)').matches;
camera.hasTouch = hasTouch;
const scene = createScene(context, camera);
const controls = createControls({
  scene: sceneCanvas,
  touch: find('touch', HTMLElement),
  stick: find('stick', HTMLElement),
  knob: find('stick-knob', HTMLElement),
  sprint: find('sprint', HTMLElement),
});
const graph = createNetGraph(graphPanel, find('graph-canvas', HTMLCanvasElement), find('graph-rows', HTMLElement));
const sound = createSound(keptSound.isOn);
const { now } = browserClock;
const fight = createDarkAges({ client, camera, controls, canvas: sceneCanvas, sound, now });
if (fight !== undefined) {
  scene.painter = fight.painter;
  fight.debug.isOn = keptDebug.isOn;
}
const settings = createSettings({
  toggles: [
    { label: 'Network graph', get: () => graphPanel.hidden !== true, set: showGraph },
    ...(fight === undefined
      ? []
      : [
          { label: 'Sound', get: () => sound.isOn, set: setSound },
          { label: 'Debug view', get: () => fight.debug.isOn, set: setDebug },
        ]),
  ],
  addOwn: fight === undefined ? undefined : (root) => addIgnoredList(fight, root),
  help: (fight === undefined ? (game.view?.help ?? '') : FIGHT_HELP).split(' · '),
  renamed: rename,
  left: () => stopClient(client),
});
let statusMs = 0;

function resize(): void {
  const { clientWidth: width, clientHeight: height } = sceneCanvas;
  const scale = Math.max(1, devicePixelRatio);
  sceneCanvas.width = Math.round(width * scale);
  sceneCanvas.height = Math.round(height * scale);
  context!.setTransform(scale, 0, 0, scale, 0, 0);
  resizeCamera(camera, width, height);
}

function showState(): void {
  const { state, reason } = client;
  document.body.dataset.state = stateName(state);
  const text = bannerText(state, reason, isResuming(client));
  banner.textContent = text;
  banner.hidden = text === '';
  if (state === FAILED && former !== undefined) {
    // The client is still in the change that it tells of.
    setTimeout(returnAs, 0, former, reason);
    former = undefined;
    return;
  }
  const isOut = state === FAILED || state === IDLE;
  card.hidden = !isOut;
  showLoad();
  if (isOut) showCard(reasonText(reason));
  else document.activeElement instanceof HTMLElement && document.activeElement.blur();
  showStatus();
}

function showLoad(): void {
  const text = client.state === PLAYING ? loadText(client.load) : '';
  loadLine.textContent = text;
  loadLine.hidden = text === '';
}

/** Comes back under another name, as a new guest; if that is refused, as who it was. */
function rename(name: string): void {
  const before = { name: keptName.load(), secret: guestSecret.load() };
  stopClient(client);
  former = before;
  guestSecret.save(undefined);
  keptName.save(name);
  startClient(client, browserClock.now());
}

function returnAs({ name, secret }: { name: string | undefined; secret: string | undefined }, refused: string): void {
  keptName.save(name);
  guestSecret.save(secret);
  startClient(client, browserClock.now());
  showSettings(settings, true, name ?? '', reasonText(refused));
}

function showCard(error: string): void {
  const isGuest = guestSecret.load() !== undefined;
  const name = keptName.load() ?? '';
  nameInput.value = name;
  nameInput.hidden = isGuest;
  find('name-label', HTMLElement).hidden = isGuest;
  forgetButton.hidden = !isGuest;
  find('card-text', HTMLElement).textContent = isGuest ? `Welcome back, ${name}.` : 'Choose a name and step in.';
  cardError.textContent = error;
}

function showStatus(): void {
  const { state, stats, interpolation } = client;
  const others = interpolation.views.size;
  pillText.textContent =
    state === PLAYING
      ? `${Math.round(stats.rttMs)} ms · ${others} near`
      : state === IDLE
        ? 'offline'
        : isResuming(client)
          ? 'resuming'
          : stateName(state);
}

function showGraph(isOpen: boolean): void {
  graphPanel.hidden = !isOpen;
  graphButton.setAttribute('aria-pressed', String(isOpen));
  keptGraph.save(isOpen);
}

function setSound(isOn: boolean): void {
  switchSound(sound, isOn);
  keptSound.save(isOn);
}

function setDebug(isOn: boolean): void {
  if (fight !== undefined) fight.debug.isOn = isOn;
  keptDebug.save(isOn);
}

function openSettings(isOpen: boolean): void {
  showSettings(settings, isOpen, client.welcome?.name ?? '');
}

function update(): void {
  const now = browserClock.now();
  readControls(controls, camera, client.intent);
  if (fight !== undefined) readDarkAges(fight, camera, controls);
  updateClient(client, now);
  if (fight !== undefined) updateDarkAges(fight);
  updateNetGraph(graph, client, now);
  if (now - statusMs > STATUS_MS) {
    statusMs = now;
    showStatus();
  }
}

function frame(): void {
  update();
  drawScene(scene, client);
  requestAnimationFrame(frame);
}

card.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = nameInput.value.trim();
  if (guestSecret.load() === undefined) keptName.save(name === '' ? undefined : name);
  if (client.reason === 'protocol_version' || client.reason === 'game_version') location.reload();
  else startClient(client, browserClock.now());
});
forgetButton.addEventListener('click', () => {
  guestSecret.save(undefined);
  keptName.save(undefined);
  showCard('');
  nameInput.focus();
});
graphButton.addEventListener('click', () => {
  showGraph(graphPanel.hidden === true);
  graphButton.blur();
});
find('settings-button', HTMLButtonElement).addEventListener('click', () => openSettings(settings.root.hidden === true));
addEventListener('keydown', (event) => {
  if (isTyping(event) || event.repeat) return;
  if (event.code === 'KeyN') showGraph(graphPanel.hidden === true);
  if (event.code === 'Escape') openSettings(settings.root.hidden === true);
});
addEventListener('resize', resize);
addEventListener('pagehide', () => stopClient(client));
// Keys and fingers are let go of when the page is left; what is sent from then on says so.
document.addEventListener('visibilitychange', update);
setInterval(() => {
  if (document.hidden) update();
}, HIDDEN_UPDATE_MS);

const title = game.name === 'darkages' ? 'DarkAges' : game.name.charAt(0).toUpperCase() + game.name.slice(1);
document.title = title;
find('title', HTMLElement).textContent = title;
find('card-title', HTMLElement).textContent = title;
find('help', HTMLElement).textContent = [game.view?.help, 'N: network graph', 'Esc: menu'].filter(Boolean).join(' · ');
find('touch', HTMLElement).hidden = !hasTouch;
resize();
showGraph(keptGraph.isOn);
showCard('');
requestAnimationFrame(frame);
