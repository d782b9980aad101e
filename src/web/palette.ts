// Colours of the field, to go with play.css. Browser main thread.

export const PALETTE = {
  outside: '#080b10',
  ground: '#10161f',
  gridFine: 'rgba(148, 170, 200, 0.045)',
  gridCoarse: 'rgba(148, 170, 200, 0.10)',
  border: 'rgba(236, 106, 106, 0.55)',
  boxSide: '#1a2330',
  boxSideLit: '#232f40',
  boxTop: '#303d50',
  boxEdge: 'rgba(190, 210, 235, 0.16)',
  shadow: 'rgba(0, 0, 0, 0.35)',
  name: '#c6d2e0',
  ownRing: 'rgba(255, 255, 255, 0.85)',
  text: '#d7e0ea',
  quiet: '#8594a8',
  good: '#63c78a',
  warn: '#e6b455',
  bad: '#ec6a6a',
  accent: '#7fb4ff',
} as const;
