// Profiles made by hand, in the engine's form, for the tests of what reads them.

export const ROOT_URL = 'file:///somewhere/darkages/';

const frame = (functionName: string, path: string, line = 0) => ({
  functionName,
  scriptId: '1',
  url: path === '' || path.startsWith('node:') ? path : ROOT_URL + path,
  lineNumber: line - 1,
  columnNumber: 0,
});

export interface Made {
  readonly name: string;
  readonly path?: string;
  readonly line?: number;
  /** Samples, of a millisecond each; or KiB. */
  readonly self?: number;
  readonly deopt?: string;
  readonly calls?: readonly Made[];
}

export function cpuProfile(calls: readonly Made[]): object {
  const nodes: object[] = [];
  const samples: number[] = [];
  const add = ({ name, path = '', line, self = 0, deopt, calls: inner = [] }: Made): number => {
    const id = nodes.length + 1;
    const children: number[] = [];
    nodes.push({
      id,
      hitCount: self,
      callFrame: frame(name, path, line),
      children,
      ...(deopt && { deoptReason: deopt }),
    });
    for (let sample = 0; sample < self; sample++) samples.push(id);
    for (const call of inner) children.push(add(call));
    return id;
  };
  add({ name: '(root)', calls });
  return {
    nodes,
    startTime: 5_000_000,
    endTime: 5_000_000 + samples.length * 1000,
    samples,
    timeDeltas: samples.map((_, nth) => (nth === 0 ? 0 : 1000)),
  };
}

export function heapProfile(calls: readonly Made[]): object {
  const make = ({ name, path = '', line, self = 0, calls: inner = [] }: Made): object => ({
    callFrame: frame(name, path, line),
    selfSize: self * 1024,
    id: 1,
    children: inner.map(make),
  });
  return { head: make({ name: '(root)', calls }), samples: [] };
}
