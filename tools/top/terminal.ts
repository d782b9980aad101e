// The terminal of `npm run top`: a screen of its own, keys, and the way back to how it was, however it ends. Plain ANSI, as
// every terminal and ssh knows it.

const ESCAPE = '\u001b[';
const BEGIN = `${ESCAPE}?1049h${ESCAPE}?25l`;
const END = `${ESCAPE}?25h${ESCAPE}?1049l`;
const HOME = `${ESCAPE}H`;
const CLEAR_LINE = `${ESCAPE}K`;
const CLEAR_REST = `${ESCAPE}J`;
const QUIT_KEYS = ['q', 'Q', '\u0003', '\u0004'];
const COLUMNS = 80;
const ROWS = 24;

export interface TerminalInput {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  pause(): unknown;
  unref?(): unknown;
}

export interface TerminalOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
}

export interface Terminal {
  readonly size: { readonly columns: number; readonly rows: number };
  draw(lines: readonly string[]): void;
  onResize(listener: () => void): void;
  /** May be called again: it is restored once. */
  close(): void;
}

/** @param onQuit somebody pressed q or Ctrl-C */
export function openTerminal(input: TerminalInput, output: TerminalOutput, onQuit: () => void): Terminal {
  let isOpen = true;
  output.write(BEGIN);
  if (input.isTTY === true) {
    input.setRawMode?.(true);
    input.on('data', (chunk) => {
      if (QUIT_KEYS.includes(chunk.toString('utf8'))) onQuit();
    });
  }
  return {
    get size() {
      return { columns: output.columns ?? COLUMNS, rows: output.rows ?? ROWS };
    },
    draw(lines) {
      if (isOpen) output.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_REST);
    },
    onResize: (listener) => void output.on('resize', listener),
    close() {
      if (!isOpen) return;
      isOpen = false;
      if (input.isTTY === true) input.setRawMode?.(false);
      input.pause();
      output.write(END);
    },
  };
}
