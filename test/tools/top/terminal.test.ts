import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { openTerminal } from '../../../tools/top/terminal.ts';

class Input extends EventEmitter {
  readonly isTTY = true;
  readonly raw: boolean[] = [];
  isPaused = false;
  setRawMode(isRaw: boolean): void {
    this.raw.push(isRaw);
  }
  pause(): void {
    this.isPaused = true;
  }
}

class Output extends EventEmitter {
  columns = 80;
  rows = 24;
  text = '';
  write(text: string): void {
    this.text += text;
  }
}

function open() {
  const input = new Input();
  const output = new Output();
  let quits = 0;
  const terminal = openTerminal(input, output, () => void quits++);
  return { input, output, terminal, quits: () => quits };
}

test('draws on a screen of its own, over what was there, and puts everything back once', () => {
  const { input, output, terminal } = open();
  expect(input.raw).toEqual([true]);
  terminal.draw(['one', 'two']);
  terminal.close();
  terminal.close();
  terminal.draw(['late']);
  expect(output.text).toBe(
    '\u001b[?1049h\u001b[?25l\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J\u001b[?25h\u001b[?1049l',
  );
  expect(input.raw).toEqual([true, false]);
  expect(input.isPaused).toBe(true);
});

test('q and Ctrl-C quit, other keys don’t', () => {
  const { input, quits } = open();
  for (const key of ['x', '\u001b[A', 'é', ' ']) input.emit('data', Buffer.from(key));
  expect(quits()).toBe(0);
  for (const key of ['q', '\u0003']) input.emit('data', Buffer.from(key));
  expect(quits()).toBe(2);
});

test('is as large as the terminal is now', () => {
  const { output, terminal } = open();
  const sizes: object[] = [];
  terminal.onResize(() => sizes.push({ ...terminal.size }));
  output.columns = 120;
  output.rows = 50;
  output.emit('resize');
  expect(sizes).toEqual([{ columns: 120, rows: 50 }]);
});

test('without a keyboard it reads none', () => {
  const input = { isTTY: false, on: () => expect.fail('nothing is read'), pause: () => {} };
  const output = new Output();
  openTerminal(input, output, () => {}).close();
  expect(output.text).toContain('\u001b[?1049l');
});
