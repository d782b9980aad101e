// protobufjs, fed with the .proto that src/wire/proto-text.ts prints: the reference for our own encoders and decoders.

import protobuf from 'protobufjs';
import { printProto } from '../../src/wire/proto-text.ts';
import type { GameSchema, Message } from '../../src/wire/schema.ts';
import { normalise } from './arbitrary.ts';

export interface Reference {
  encode(message: Message, value: Readonly<Record<string, unknown>>): Uint8Array;
  /** Normalised; throws where protobufjs does. */
  decode(message: Message, bytes: Uint8Array): Record<string, unknown>;
}

export function createReference(game: GameSchema): Reference {
  const { root } = protobuf.parse(printProto(game));
  const types = new Map<string, protobuf.Type>();
  const typeOf = (message: Message): protobuf.Type => {
    let type = types.get(message.name);
    if (type === undefined) {
      type = root.lookupType(`darkages.v1.${message.name}`);
      types.set(message.name, type);
    }
    return type;
  };
  return {
    encode: (message, value) => {
      const type = typeOf(message);
      return Uint8Array.from(type.encode(type.fromObject(value)).finish());
    },
    decode: (message, bytes) => {
      const type = typeOf(message);
      return normalise(message, type.toObject(type.decode(bytes)));
    },
  };
}
