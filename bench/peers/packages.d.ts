// What bench/peers uses of the packages that only it installs, so that `npm run check` needs none of them. Types alone.

declare module '@colyseus/schema' {
  /** A builder of a field; the value that its property then has. */
  interface FieldOf<Value> {
    view(): FieldOf<Value>;
    readonly value?: Value;
  }
  type Fields = Readonly<Record<string, FieldOf<unknown>>>;
  type Instance<F extends Fields> = { -readonly [Name in keyof F]: F[Name] extends FieldOf<infer V> ? V : never };
  type Class<F extends Fields> = new () => Instance<F>;
  export interface MapSchema<Value> {
    set(key: string, value: Value): this;
    delete(key: string): boolean;
  }
  export function schema<F extends Fields>(fields: F, name: string): Class<F>;
  export const t: {
    int8(): FieldOf<number>;
    int16(): FieldOf<number>;
    uint8(): FieldOf<number>;
    uint16(): FieldOf<number>;
    map<Value>(of: new () => Value): FieldOf<MapSchema<Value>>;
  };
  export class StateView {
    add(instance: object): this;
    remove(instance: object): this;
  }
}

declare module '@colyseus/core' {
  import type { StateView } from '@colyseus/schema';
  export interface Client {
    readonly sessionId: string;
    view?: StateView;
  }
  interface Inputs {
    get(sessionId: string): { next(): object | undefined };
  }
  export class Room {
    state: object;
    patchRate: number | null;
    autoDispose: boolean;
    inputs: Inputs;
    defineInput(type: new () => object): Inputs;
    setFixedTimestep(step: () => void, tickRate: number): void;
    broadcastPatch(): boolean;
    onCreate(): void;
    onJoin(client: Client, options: object): void;
    onLeave(client: Client): void;
  }
  export class Server {
    constructor(options: { readonly transport: object; readonly greet: boolean });
    define(name: string, room: new () => Room): void;
    listen(port: number, hostname: string): Promise<void>;
  }
}

declare module '@colyseus/ws-transport' {
  import type { Server } from 'node:http';
  export class WebSocketTransport {
    readonly server?: Server;
  }
}

declare module '@colyseus/sdk' {
  interface Transport {
    send(data: Uint8Array): void;
  }
  interface Connection {
    readonly transport: Transport;
    readonly events: { onmessage?: (event: { readonly data: ArrayBuffer }) => void };
  }
  export interface ClientRoom {
    readonly connection: Connection;
    onLeave(run: (code: number) => void): void;
    input<Input>(): { readonly data: Input; send(): number };
  }
  export class Client {
    constructor(url: string);
    joinOrCreate(name: string, options: object): Promise<ClientRoom>;
  }
}

declare module 'nengi' {
  import type { Server } from 'node:http';

  interface View {
    x: number;
    y: number;
    halfWidth: number;
    halfHeight: number;
  }
  interface ConnectedClient {
    view: View;
    player?: object;
    /** Entities that it sees. */
    readonly cacheArr: readonly number[];
  }
  interface Channel {
    addEntity(entity: object): void;
    removeEntity(entity: object): void;
    subscribe(client: ConnectedClient): void;
  }
  interface Handshake {
    readonly fromClient: { readonly index: number };
  }
  type Answer = (answer: { readonly accepted: boolean; readonly text: string }) => void;
  class Instance {
    constructor(config: object, webConfig: { readonly httpServer: Server });
    readonly clients: { toArray(): readonly ConnectedClient[] };
    onConnect(run: (client: ConnectedClient, data: Handshake, answer: Answer) => void): void;
    onDisconnect(run: (client: ConnectedClient) => void): void;
    addEntity(entity: object): void;
    removeEntity(entity: object): void;
    createChannel(): Channel;
    getNextCommand(): { readonly client: ConnectedClient; readonly commands: readonly object[] } | undefined;
    update(): void;
  }
  const nengi: {
    readonly default: {
      readonly Instance: typeof Instance;
      readonly Int8: number;
      readonly Int16: number;
      readonly UInt8: number;
      readonly UInt16: number;
    };
  };
  export default nengi;
}
