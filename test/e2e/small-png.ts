// Makes a browser's screenshot small enough for the repository: the same picture with a palette of 96 colours, chosen
// by median cut (Heckbert 1982). Reads and writes what screenshots are: 8 bits, not interlaced.

import { crc32, deflateSync, inflateSync } from 'node:zlib';

const COLOURS = 96;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

interface Picture {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB of each pixel. */
  readonly pixels: Int32Array;
}

export function shrinkPng(bytes: Buffer): Buffer {
  return encodePalette(decode(bytes));
}

function decode(bytes: Buffer): Picture {
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at) + 12) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') {
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
    }
  }
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const step = bytes[25] === 6 ? 4 : 3;
  const data = inflateSync(Buffer.concat(parts));
  const stride = width * step;
  const pixels = new Int32Array(width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const line = Uint8Array.from(data.subarray(start + 1, start + 1 + stride));
    unfilter(line, above, data[start]!, step);
    for (let x = 0; x < width; x++) {
      pixels[y * width + x] = (line[x * step]! << 16) | (line[x * step + 1]! << 8) | line[x * step + 2]!;
    }
    above = line;
  }
  return { width, height, pixels };
}

function unfilter(line: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  for (let index = 0; index < line.length; index++) {
    const a = index >= step ? line[index - step]! : 0;
    const b = above[index]!;
    const c = index >= step ? above[index - step]! : 0;
    line[index]! += [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!;
  }
}

function paeth(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c);
  const toB = Math.abs(a - c);
  const toC = Math.abs(a + b - 2 * c);
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

function encodePalette({ width, height, pixels }: Picture): Buffer {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = Buffer.alloc(COLOURS * 3);
  const indexOf = new Map<number, number>();
  for (const [index, { colours, pixelCount }] of cut(counts).entries()) {
    for (const colour of colours) indexOf.set(colour, index);
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (const colour of colours) sum += channelOf(colour, channel) * counts.get(colour)!;
      palette[index * 3 + channel] = Math.round(sum / pixelCount);
    }
  }
  const data = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[y * (width + 1) + 1 + x] = indexOf.get(pixels[y * width + x]!)!;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const image = deflateSync(data, { level: 9 });
  const chunks = [chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', image), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

function channelOf(colour: number, channel: number): number {
  return (colour >> (16 - 8 * channel)) & 0xff;
}

interface Box {
  readonly colours: number[];
  readonly channel: number;
  readonly span: number;
  readonly pixelCount: number;
}

/**
 * Halves the box that matters most, in the middle of its widest channel, until there are enough. What matters is how
 * far its colours are apart, and less so how many pixels have them: else the wide, dark ground would get few colours
 * and show bands.
 */
function cut(counts: ReadonlyMap<number, number>): readonly Box[] {
  const boxes = [measure([...counts.keys()], counts)];
  while (boxes.length < COLOURS) {
    const first = boxes.reduce((best, box) => (weigh(box) > weigh(best) ? box : best));
    if (first.span === 0) break;
    const sorted = first.colours.sort((a, b) => channelOf(a, first.channel) - channelOf(b, first.channel));
    let middle = 0;
    for (let sum = 0; middle < sorted.length - 1 && sum < first.pixelCount / 2; middle++) {
      sum += counts.get(sorted[middle]!)!;
    }
    middle = Math.max(1, middle);
    boxes.splice(boxes.indexOf(first), 1);
    boxes.push(measure(sorted.slice(0, middle), counts), measure(sorted.slice(middle), counts));
  }
  return boxes;
}

function weigh({ span, pixelCount }: Box): number {
  return span * pixelCount ** 0.25;
}

function measure(colours: number[], counts: ReadonlyMap<number, number>): Box {
  let channel = 0;
  let span = -1;
  for (let candidate = 0; candidate < 3; candidate++) {
    let least = 255;
    let most = 0;
    for (const colour of colours) {
      least = Math.min(least, channelOf(colour, candidate));
      most = Math.max(most, channelOf(colour, candidate));
    }
    if (most - least <= span) continue;
    span = most - least;
    channel = candidate;
  }
  let pixelCount = 0;
  for (const colour of colours) pixelCount += counts.get(colour)!;
  return { colours, channel, span, pixelCount };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
