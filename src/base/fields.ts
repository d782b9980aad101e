// Shape of a protobuf message as data: the one table that encoder, decoder, the printed .proto and the range checks
// read. `wire` builds the engine's messages from it, a game module describes its requests and events with it.

/** A whole number: `uint32` on the wire when min ≥ 0, else `sint32`. Out of [min, max] is refused at the edge. */
export interface IntField {
  readonly field: number;
  readonly type: 'int';
  readonly min: number;
  readonly max: number;
  readonly comment?: string;
}

/** UTF-8 of at most `maxBytes` bytes. */
export interface TextField {
  readonly field: number;
  readonly type: 'text';
  readonly maxBytes: number;
  /**
   * In a request: how the guard screens it before the game gets it (src/guard/text.ts). 'chat', the default, is what
   * players read of each other; 'name' names a player: its shape alone is checked; 'none' is never shown to anybody.
   */
  readonly screen?: 'chat' | 'name' | 'none';
  /**
   * In a request, of what players read of each other: who gets to hear it, which is what the guard bounds
   * (src/guard/hearing.ts). 'zone', the default: everybody; 'named': the player whom the request's `screen: 'name'` field
   * names; 'few': some who have chosen to hear the writer, as a party.
   */
  readonly heardBy?: 'zone' | 'named' | 'few';
  readonly comment?: string;
}

export type Field = IntField | TextField;
export type Fields = Readonly<Record<string, Field>>;

/** The values of a message: absent ones are 0 and '' (proto3's defaults). */
export type FieldValues<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends TextField ? string : number;
};

export function isSigned(field: { readonly min: number }): boolean {
  return field.min < 0;
}

/** Name of a field in the .proto, from its name in code. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
