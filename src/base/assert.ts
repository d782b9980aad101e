// Assertions for our own mistakes, never for what others send. Any thread. They stay on in production:
// a zone that reaches an impossible state must die and be restarted from its last keyframe, not go on.

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
