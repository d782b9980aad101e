// Sounds made on the spot from oscillators and noise: no files to load. Silent until the player has touched the page,
// as browsers ask, and whenever it is switched off. Browser main thread.

/** What one sound is made of: tones and bursts of noise, each with its own course. */
interface Layer {
  readonly wave: OscillatorType | 'noise';
  /** Hz; of noise the middle of the band that is let through. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly gain: number;
  readonly after?: number;
}

const SOUNDS: Readonly<Record<string, readonly Layer[]>> = {
  swing: [{ wave: 'noise', from: 900, to: 2600, seconds: 0.13, gain: 0.22 }],
  bite: [{ wave: 'noise', from: 500, to: 300, seconds: 0.09, gain: 0.3 }],
  smash: [
    { wave: 'sine', from: 110, to: 40, seconds: 0.3, gain: 0.6 },
    { wave: 'noise', from: 300, to: 120, seconds: 0.2, gain: 0.35 },
  ],
  bolt: [
    { wave: 'triangle', from: 880, to: 320, seconds: 0.22, gain: 0.2 },
    { wave: 'noise', from: 2400, to: 900, seconds: 0.16, gain: 0.1 },
  ],
  call: [{ wave: 'sawtooth', from: 70, to: 190, seconds: 0.55, gain: 0.1 }],
  impact: [
    { wave: 'sine', from: 130, to: 28, seconds: 0.7, gain: 0.8 },
    { wave: 'noise', from: 700, to: 90, seconds: 0.55, gain: 0.5 },
  ],
  hit: [
    { wave: 'square', from: 300, to: 140, seconds: 0.07, gain: 0.16 },
    { wave: 'noise', from: 1800, to: 700, seconds: 0.06, gain: 0.25 },
  ],
  hurt: [
    { wave: 'sawtooth', from: 190, to: 90, seconds: 0.16, gain: 0.24 },
    { wave: 'noise', from: 500, to: 200, seconds: 0.12, gain: 0.3 },
  ],
  shield: [{ wave: 'sine', from: 1250, to: 1500, seconds: 0.18, gain: 0.14 }],
  heal: [
    { wave: 'sine', from: 523, to: 523, seconds: 0.25, gain: 0.16 },
    { wave: 'sine', from: 784, to: 784, seconds: 0.35, gain: 0.14, after: 0.09 },
  ],
  fall: [{ wave: 'sawtooth', from: 220, to: 60, seconds: 0.35, gain: 0.16 }],
  death: [{ wave: 'sawtooth', from: 200, to: 36, seconds: 1.1, gain: 0.3 }],
  rise: [
    { wave: 'triangle', from: 330, to: 660, seconds: 0.5, gain: 0.18 },
    { wave: 'triangle', from: 495, to: 990, seconds: 0.5, gain: 0.1, after: 0.1 },
  ],
  kill: [
    { wave: 'triangle', from: 392, to: 392, seconds: 0.14, gain: 0.22 },
    { wave: 'triangle', from: 587, to: 587, seconds: 0.3, gain: 0.22, after: 0.12 },
  ],
  coin: [
    { wave: 'sine', from: 1318, to: 1318, seconds: 0.08, gain: 0.14 },
    { wave: 'sine', from: 1760, to: 1760, seconds: 0.16, gain: 0.14, after: 0.07 },
  ],
  potion: [{ wave: 'sine', from: 400, to: 800, seconds: 0.25, gain: 0.16 }],
  refused: [{ wave: 'square', from: 120, to: 100, seconds: 0.12, gain: 0.14 }],
  word: [{ wave: 'sine', from: 880, to: 990, seconds: 0.12, gain: 0.16 }],
};

const VOLUME = 1;
/** How much louder noise is made before the filter, which lets only a narrow band of it through. */
const NOISE_GAIN = 4;
/** A sound that begins again sooner isn't heard twice: twenty hits in a frame are one. */
const GAP_MS = 45;

export const SOUND_NAMES: readonly string[] = Object.keys(SOUNDS);

/** What sounds are made with. */
export interface Voice {
  readonly context: BaseAudioContext;
  readonly output: GainNode;
  readonly noise: AudioBuffer;
}

export interface Sound {
  isOn: boolean;
  context: AudioContext | undefined;
  voice: Voice | undefined;
  readonly playedMs: Map<string, number>;
}

/** Wakes at the first touch or key: before that a browser would refuse. */
export function createSound(isOn: boolean): Sound {
  const sound: Sound = { isOn, context: undefined, voice: undefined, playedMs: new Map() };
  addEventListener('pointerdown', () => wake(sound));
  addEventListener('keydown', () => wake(sound));
  return sound;
}

function wake(sound: Sound): void {
  if (!sound.isOn || typeof AudioContext === 'undefined') return;
  if (sound.context === undefined) {
    sound.context = new AudioContext();
    sound.voice = createVoice(sound.context);
  }
  if (sound.context.state === 'suspended') void sound.context.resume().catch(() => undefined);
}

/** Off is silent at once: what still sounds is cut. */
export function switchSound(sound: Sound, isOn: boolean): void {
  sound.isOn = isOn;
  if (sound.voice !== undefined) sound.voice.output.gain.value = isOn ? VOLUME : 0;
  wake(sound);
}

export function createVoice(context: BaseAudioContext): Voice {
  const output = context.createGain();
  output.gain.value = VOLUME;
  const limiter = context.createDynamicsCompressor();
  output.connect(limiter).connect(context.destination);
  const noise = context.createBuffer(1, context.sampleRate, context.sampleRate);
  const samples = noise.getChannelData(0);
  for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1;
  return { context, output, noise };
}

/** @param volume 0 … 1: what is far is quiet. @param pan −1 left … 1 right. */
export function playSound(sound: Sound, name: string, volume: number, pan: number, nowMs: number): void {
  const { context, voice } = sound;
  if (!sound.isOn || voice === undefined || context?.state !== 'running') return;
  if (volume < 0.02 || nowMs - (sound.playedMs.get(name) ?? 0) < GAP_MS) return;
  sound.playedMs.set(name, nowMs);
  startSound(voice, name, volume, pan);
}

/** Begins now and ends by itself. */
export function startSound(voice: Voice, name: string, volume: number, pan: number): void {
  const panner = voice.context.createStereoPanner();
  panner.pan.value = Math.max(-1, Math.min(pan, 1));
  panner.connect(voice.output);
  for (const layer of SOUNDS[name] ?? []) playLayer(voice, panner, layer, volume);
}

function playLayer({ context, noise }: Voice, into: AudioNode, layer: Layer, volume: number): void {
  const start = context.currentTime + (layer.after ?? 0);
  const end = start + layer.seconds;
  const gain = context.createGain();
  gain.gain.setValueAtTime(0.0001, start);
  const loudness = layer.gain * volume * (layer.wave === 'noise' ? NOISE_GAIN : 1);
  gain.gain.exponentialRampToValueAtTime(Math.max(0.0002, loudness), start + 0.008);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  gain.connect(into);
  const source = layer.wave === 'noise' ? context.createBufferSource() : context.createOscillator();
  if (source instanceof OscillatorNode) {
    source.type = layer.wave as OscillatorType;
    source.frequency.setValueAtTime(layer.from, start);
    source.frequency.exponentialRampToValueAtTime(layer.to, end);
    source.connect(gain);
  } else {
    source.buffer = noise;
    source.loop = true;
    const band = context.createBiquadFilter();
    band.type = 'bandpass';
    band.frequency.setValueAtTime(layer.from, start);
    band.frequency.exponentialRampToValueAtTime(layer.to, end);
    source.connect(band).connect(gain);
  }
  source.start(start);
  source.stop(end);
}
