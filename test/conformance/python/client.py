"""A client of the DarkAges wire, written from proto/STANDARD.md and proto/game.proto alone; no code is shared.

Two players join a live server and walk in squares; one line loses snapshots and acknowledgements. Every snapshot is
taken apart with its baselines as section 7 says, and everything that can be checked from outside is: order, presence,
baselines, speed, who sees whom and what of whom. Prints a summary as JSON; exits with 1 and a sentence on any deviation.

    python client.py --url http://127.0.0.1:8080 --proto proto/game.proto --seconds 4
"""

import argparse
import asyncio
import json
import math
import random
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import websockets
from grpc_tools import protoc

PROTOCOL_VERSION = 2
TICK_HZ = 60
BASELINE_AGE_MAX = 112
HELD_AHEAD = 31
# How many ticks ahead inputs are sent, at first and at most, and how long a change of it needs to be seen.
LEAD_TICKS = 6
LEAD_TICKS_MAX = 25
LEAD_SECONDS = 0.5
SPRINT_MM_PER_S = 7500
SPRINT = 1
REST_SECONDS_MAX = 30
# For what comes at once, unless the machine stands still.
PATIENCE_SECONDS = 20
# Players this near the middle see each other: 50 m is how far they see.
MEET_MM = 20_000
TURN = 65536
# Directions of a square's sides: move_x, move_z, aim.
SIDES = [(127, 0, 0), (0, 127, 16384), (-127, 0, 32768), (0, -127, 49152)]
WIDTH = re.compile(r"[ui]\d+")


class Deviation(Exception):
    """The server did something that the standard does not say."""


def require(condition, sentence):
    if not condition:
        raise Deviation(sentence)


class Schema:
    """What game.proto says: the messages, and from the comments of EntityDelta the type and audience of each field."""

    def __init__(self, path):
        with TemporaryDirectory() as folder:
            code = protoc.main(["", f"-I{path.parent}", f"--python_out={folder}", str(path)])
            require(code == 0, f"protoc refuses {path}")
            sys.path.insert(0, folder)
            module = __import__(f"{path.stem}_pb2")
        self.ClientMessage = module.ClientMessage
        self.ServerMessage = module.ServerMessage
        text = path.read_text(encoding="utf-8")
        self.game, self.version = re.search(r"// Game: ([a-z0-9-]+), version (\d+)", text).groups()
        delta = re.search(r"message EntityDelta \{(.*?)\n\}", text, re.S).group(1)
        self.types = {}
        self.owner_only = set()
        numbers = {}
        for name, number, comment in re.findall(r"optional sint32 (\w+) = (\d+);  // (.*)", delta):
            numbers[name] = int(number)
            self.types[name] = next(part for part in reversed(comment.split("; ")) if WIDTH.fullmatch(part))
            if "to its owner only" in comment:
                self.owner_only.add(name)
        # What the mask of a record in `changes` is over.
        self.masked = sorted(self.types.keys() - self.owner_only, key=numbers.get)


def sign(value):
    return (value > 0) - (value < 0)


def add_difference(kind, baseline, difference):
    """Sums go round at the width of the type."""
    width = int(kind[1:])
    value = (baseline + difference) % (1 << width)
    return value - (1 << width) if kind[0] == "i" and value >= 1 << (width - 1) else value


class Bits:
    """The stream of section 7: each byte's lowest bit first, each number's lowest first."""

    def __init__(self, stream):
        self.rest = "".join(f"{byte:08b}"[::-1] for byte in stream)

    def take(self, count):
        require(count <= len(self.rest), "`changes` ends within a record")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return int(taken[::-1], 2)


class Change:
    """A record of `changes`."""

    def __init__(self, bits, slot_width, schema):
        self.age = bits.take(7) if bits.take(1) else None
        self.slot = bits.take(slot_width)
        named, goes_on = [], True
        while goes_on:
            group = [bits.take(1) for _ in range(4)]
            fields = schema.masked[len(named) : len(named) + 4]
            require(fields and not any(group[len(fields) :]), "a mask names a field that there is not")
            named += group
            goes_on = bits.take(1)
        require(any(named[-4:]) or len(named) == 4, "a mask is longer than it needs to be")
        self.differences = {}
        for name, is_named in zip(schema.masked, named):
            if not is_named:
                continue
            width = int(schema.types[name][1:])
            classes = [math.ceil(width / 4), math.ceil(3 * width / 8), math.ceil(width / 2), width]
            chosen = bits.take(2)
            value = bits.take(classes[chosen])
            fitting = next(count for count in classes if value < 1 << count)
            require(classes[chosen] == fitting, f"a difference of {name} is wider than it needs to be")
            require(value != 0, f"a difference of {name} is none")
            self.differences[name] = value // 2 if value % 2 == 0 else -(value + 1) // 2


def read_changes(stream, schema):
    if not stream:
        return []
    bits = Bits(stream)
    slot_width = bits.take(4) + 1
    changes = [Change(bits, slot_width, schema) for _ in range(bits.take(12))]
    require(len(bits.rest) < 8 and "1" not in bits.rest, "`changes` goes on behind its last record")
    require(changes, "`changes` without a record")
    return changes


class Entity:
    def __init__(self, generation, kind, name):
        self.generation = generation
        self.kind = kind
        self.name = name
        self.states = {}
        self.newest = None


class World:
    """The entities a client sees, with the states that a delta may build on."""

    def __init__(self, schema, own_slot):
        self.schema = schema
        self.own_slot = own_slot
        self.entities = {}
        self.tick = 0
        self.deltas = 0
        self.changes = 0
        self.full = 0
        self.own_baselines = 0

    def apply(self, snapshot):
        """True when it was newer and is now in."""
        if snapshot.tick <= self.tick:
            return False
        require(len(set(snapshot.leaves)) == len(snapshot.leaves), "a slot leaves twice")
        changes = read_changes(snapshot.changes, self.schema)
        require(all(delta.slot == self.own_slot for delta in snapshot.deltas), "another entity than the own in `deltas`")
        require(all(change.slot != self.own_slot for change in changes), "the own entity in `changes`")
        mentioned = [part.slot for part in (*snapshot.deltas, *snapshot.entities, *changes)]
        require(len(set(mentioned)) == len(mentioned), f"snapshot {snapshot.tick} mentions an entity twice")
        require(self.own_slot in mentioned, f"snapshot {snapshot.tick} lacks the own entity")
        require(self.own_slot not in snapshot.leaves, "the own entity leaves")
        require(not set(snapshot.leaves) & set(mentioned), "an entity leaves and is mentioned")
        for slot in snapshot.leaves:
            self.entities.pop(slot, None)
        for state in snapshot.entities:
            self.take_full(state, snapshot.tick)
        for delta in snapshot.deltas:
            present = {name: getattr(delta, name) for name in self.schema.types if delta.HasField(name)}
            self.take_differences(delta.slot, delta.baseline_age, present, snapshot)
            self.deltas += 1
        for change in changes:
            require(change.age != 0, "a record names a baseline of its own tick")
            self.take_differences(change.slot, change.age, change.differences, snapshot)
            self.changes += 1
        self.tick = snapshot.tick
        for entity in self.entities.values():
            old = [tick for tick in entity.states if tick < self.tick - BASELINE_AGE_MAX and tick != entity.newest]
            for tick in old:
                del entity.states[tick]
        return True

    def take_full(self, state, tick):
        require(1 <= state.generation <= 0x7FFF and state.kind >= 1, "an entity without generation or kind")
        values = {name: getattr(state, name) for name in self.schema.types}
        self.check_audience(state.slot, values)
        entity = self.entities.get(state.slot)
        if entity is None or entity.generation != state.generation:
            entity = self.entities[state.slot] = Entity(state.generation, state.kind, state.name)
        require((entity.kind, entity.name) == (state.kind, state.name), "the same entity with another kind or name")
        entity.states[tick] = values
        entity.newest = tick
        self.full += 1

    def take_differences(self, slot, own_age, differences, snapshot):
        entity = self.entities.get(slot)
        require(entity is not None, f"a delta for slot {slot}, which was never entered")
        age = own_age or snapshot.baseline_age
        require(1 <= age <= BASELINE_AGE_MAX, f"a baseline {age} ticks old")
        baseline = entity.states.get(snapshot.tick - age)
        require(baseline is not None, f"snapshot {snapshot.tick} builds on one that was never acknowledged")
        values = dict(baseline)
        for name, difference in differences.items():
            values[name] = add_difference(self.schema.types[name], baseline[name], difference)
        self.check_audience(slot, values)
        entity.states[snapshot.tick] = values
        entity.newest = snapshot.tick
        self.own_baselines += bool(own_age)

    def check_audience(self, slot, values):
        if slot != self.own_slot:
            shown = [name for name in self.schema.owner_only if values[name] != 0]
            require(not shown, f"{shown} of another player are shown")
        for name in self.schema.owner_only:
            if name.endswith("_fine"):
                width = int(self.schema.types[name][1:])
                require(0 <= values[name] < 1 << width, f"{name} is {values[name]}")

    def values(self, slot):
        entity = self.entities[slot]
        return entity.states[entity.newest]

    def own_position(self):
        """1/128 mm."""
        values = self.values(self.own_slot)
        return tuple((values[f"position_{axis}"] << 7) | values[f"position_{axis}_fine"] for axis in "xyz")


class Player:
    def __init__(self, schema, url, name, loss):
        self.schema = schema
        self.url = url
        self.name = name
        self.loss = loss
        self.random = random.Random(name)
        self.world = None
        self.offset = None
        self.pace = 1.0
        self.best_trip = math.inf
        self.sent_tick = 0
        self.acked = 0
        self.intent = None
        self.may_acknowledge = True
        self.snapshots = 0
        self.lost = 0
        self.lead = 0
        self.lead_ticks = LEAD_TICKS
        self.lead_at = 0.0
        self.path = 0.0
        self.last = None
        self.seen_moving = {}
        self.goodbye = None
        self.pongs = 0

    async def join(self, session):
        self.session = session
        self.socket = await websockets.connect(session["zones"][0]["url"], max_size=1 << 20, compression=None)
        await self.send(join=self.join_message(session))
        await self.until(lambda: self.world is not None or self.goodbye is not None)

    def join_message(self, session, version=PROTOCOL_VERSION):
        game = session["game"]
        message = self.schema.ClientMessage().join
        message.token = session["token"]
        message.protocol_version = version
        message.game = game["name"]
        message.game_version = game["version"]
        return message

    async def send(self, join=None, inputs=(), ping=None):
        message = self.schema.ClientMessage()
        if join is not None:
            message.join.CopyFrom(join)
        message.inputs.extend(inputs)
        if ping is not None:
            message.ping.client_time_ms = ping
        await self.socket.send(message.SerializeToString())

    async def until(self, condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            require(time.monotonic() < deadline, f"{self.name}: nothing for {seconds} s")
            try:
                await self.receive(await asyncio.wait_for(self.socket.recv(), 0.05))
            except asyncio.TimeoutError:
                pass
            except websockets.ConnectionClosed:
                require(self.goodbye is not None, f"{self.name}: closed without goodbye")

    async def receive(self, frame):
        require(isinstance(frame, bytes), "a text frame")
        message = self.schema.ServerMessage()
        message.ParseFromString(frame)
        if message.HasField("welcome"):
            self.take_welcome(message.welcome)
        if message.HasField("snapshot"):
            self.take_snapshot(message.snapshot)
        if message.HasField("pong"):
            self.take_pong(message.pong)
        if message.HasField("load"):
            self.take_load(message.load)
        if message.HasField("goodbye"):
            self.goodbye = message.goodbye.reason

    def take_welcome(self, welcome):
        require(self.world is None, "a second welcome")
        require(welcome.protocol_version == PROTOCOL_VERSION, "another protocol version")
        require(welcome.tick_hz == TICK_HZ, f"{welcome.tick_hz} ticks a second")
        require(welcome.name == self.session["name"], "welcomed under another name")
        require(welcome.player_id == self.session["playerId"], "welcomed as another player")
        self.welcome = welcome
        self.world = World(self.schema, welcome.slot)

    def take_snapshot(self, snapshot):
        require(self.world is not None, "a snapshot before the welcome")
        require(snapshot.tick >= self.welcome.tick, "a snapshot from before the welcome")
        # What a lossy network would do: it never came, so it is never acknowledged.
        if self.random.random() < self.loss:
            self.lost += 1
            return
        require(self.world.apply(snapshot), f"snapshot {snapshot.tick} came after {self.world.tick} on one WebSocket")
        self.snapshots += 1
        input_tick = snapshot.tick - snapshot.input_age
        require(0 <= input_tick <= self.sent_tick, f"input {input_tick} was applied, the newest sent is {self.sent_tick}")
        if input_tick > 0:
            self.lead = snapshot.input_lead
            self.adapt_lead()
        own = self.world.entities[self.world.own_slot]
        require(own.generation == self.welcome.generation, "the own entity has another generation")
        require(own.name == self.welcome.name, "the own entity has another name")
        self.measure_path(snapshot.tick)
        self.watch_others()

    def adapt_lead(self):
        """As section 6 says: between 1 and 5 ticks early is good."""
        now = time.monotonic()
        if now - self.lead_at < LEAD_SECONDS or 1 <= self.lead <= 5:
            return
        self.lead_at = now
        more = 2 - self.lead if self.lead < 1 else -1
        self.lead_ticks = min(LEAD_TICKS_MAX, max(1, self.lead_ticks + more))

    def measure_path(self, tick):
        """No further than the game's speed allows, whatever the inputs and the deltas said."""
        position = self.world.own_position()
        if self.last is not None:
            ticks = tick - self.last[0]
            way = math.dist(position, self.last[1]) / 128
            require(way <= ticks * SPRINT_MM_PER_S / TICK_HZ + 1, f"{way:.1f} mm in {ticks} ticks")
            self.path += way
        self.last = (tick, position)

    def watch_others(self):
        for slot, entity in self.world.entities.items():
            if slot == self.world.own_slot:
                continue
            values = self.world.values(slot)
            place = (values["position_x"], values["position_z"])
            first = self.seen_moving.setdefault((slot, entity.generation), [entity.name, place, 0.0])
            first[2] = max(first[2], math.dist(first[1], place))

    def take_pong(self, pong):
        now = time.monotonic()
        trip = now - pong.client_time_ms / 1000
        require(0 <= trip < 10, "a pong with another number than the ping’s")
        self.pongs += 1
        # An old one counts for less: a server that stood still has left out ticks.
        self.best_trip *= 1.2
        if trip < self.best_trip:
            self.best_trip = trip
            ticks_per_s = TICK_HZ * self.pace
            self.offset = pong.tick + ticks_per_s * (pong.tick_age_us / 1e6 + trip / 2 - now)

    def take_load(self, load):
        require(self.world is not None, "a load before the welcome")
        require(1 <= load.pace_percent <= 100, f"a pace of {load.pace_percent} %")
        require(load.step > 2 or load.pace_percent == 100, f"a pace of {load.pace_percent} % on step {load.step}")
        require(load.snapshot_interval_ticks >= self.welcome.snapshot_interval_ticks, "snapshots come faster")
        # The clock goes on from where it is, at the other pace; the next pong says better.
        pace = load.pace_percent / 100
        if self.offset is not None:
            self.offset += time.monotonic() * TICK_HZ * (self.pace - pace)
        self.pace = pace
        self.best_trip = math.inf

    def make_input(self, tick):
        message = self.schema.ClientMessage().inputs.add()
        message.tick = tick
        if self.may_acknowledge and self.random.random() >= self.loss:
            self.acked = self.world.tick
        if self.may_acknowledge and 0 < self.acked < tick:
            message.ack_age = tick - self.acked
        if self.intent is not None:
            message.move_x, message.move_z, message.aim, message.buttons = self.intent
        # About where it is: this client predicts nothing.
        if tick % 6 == 0 and self.world.tick > 0:
            x, y, z = self.world.own_position()
            message.claimed_x, message.claimed_y, message.claimed_z = x >> 7, y >> 7, z >> 7
        return message

    async def play(self, seconds):
        """Sends an input a tick and takes what comes."""
        end = time.monotonic() + seconds
        ping_at = 0.0
        while time.monotonic() < end:
            now = time.monotonic()
            if now >= ping_at:
                await self.send(ping=int(now * 1000) & 0xFFFFFFFF)
                ping_at = now + (0.05 if self.pongs < 5 else 0.5)
            if self.offset is not None:
                wanted = int(now * TICK_HZ * self.pace + self.offset) + self.lead_ticks
                first = max(self.sent_tick + 1, wanted - 7)
                if first <= wanted:
                    await self.send(inputs=[self.make_input(tick) for tick in range(first, wanted + 1)])
                    self.sent_tick = wanted
            try:
                await self.receive(await asyncio.wait_for(self.socket.recv(), 0.008))
            except asyncio.TimeoutError:
                pass
            except websockets.ConnectionClosed:
                raise Deviation(f"{self.name}: closed while playing, goodbye {self.goodbye}") from None

    async def walk_to_middle(self):
        end = time.monotonic() + 15
        await self.until(lambda: self.world.tick > 0)
        while True:
            x, _, z = (part / 128 for part in self.world.own_position())
            way = math.hypot(x, z)
            if way <= MEET_MM:
                break
            require(time.monotonic() < end, f"{self.name} does not get to the middle: {x:.0f}, {z:.0f}")
            aim = round(math.atan2(-z, -x) / math.tau * TURN) % TURN
            self.intent = (round(-x / way * 126), round(-z / way * 126), aim, SPRINT)
            await self.play(0.1)
        self.intent = None

    async def walk_square(self, seconds):
        for side in range(4):
            move_x, move_z, aim = SIDES[side]
            self.intent = (move_x, move_z, aim, 0)
            await self.play(seconds / 4)
            wanted = (aim, sign(move_x), sign(move_z))
            # Inputs that came late have not shown yet.
            deadline = time.monotonic() + PATIENCE_SECONDS
            while self.heading() != wanted and time.monotonic() < deadline:
                await self.play(0.1)
            require(self.heading() == wanted, f"{self.name} looks and goes {self.heading()}, not {wanted}")
        self.intent = None
        await self.play(0.5)

    async def come_early(self):
        """Sends its inputs earlier or later until they are in time; the worst of them is told for a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not 0 < self.lead <= HELD_AHEAD and time.monotonic() < deadline:
            await self.play(0.3)
        require(0 < self.lead <= HELD_AHEAD, f"{self.name}: inputs are early by {self.lead} ticks")

    def heading(self):
        """Where it looks, and the signs of where it goes."""
        own = self.world.values(self.world.own_slot)
        return own["facing"] << 6 | own["facing_fine"], sign(own["velocity_x"]), sign(own["velocity_z"])

    async def check_full_state(self):
        """Stands still without acknowledging until baselines are too old: the full state must say what deltas said."""
        # Stamina comes back for a while, longer for who had further to go.
        before, tick = None, 0
        deadline = time.monotonic() + REST_SECONDS_MAX
        # The same in a later snapshot: without one nothing is known.
        while before != self.world.values(self.world.own_slot) or tick == self.world.tick:
            require(time.monotonic() < deadline, f"{self.name} does not come to rest: {before}")
            before, tick = dict(self.world.values(self.world.own_slot)), self.world.tick
            await self.play(0.3)
        require(before["velocity_x"] == 0 and before["velocity_z"] == 0, "moves without input")
        full = self.world.full
        self.may_acknowledge = False
        await self.play((BASELINE_AGE_MAX + 30) / TICK_HZ)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.world.full == full and time.monotonic() < deadline:
            await self.play(0.3)
        require(self.world.full > full, "no full state although baselines are too old")
        after = self.world.values(self.world.own_slot)
        require(before == after, f"in full {after}, by deltas {before}")
        self.may_acknowledge = True
        await self.play(0.3)

    async def send_rubbish(self):
        """What breaks the rules is dropped, and the session goes on."""
        for frame in (b"\xff\xff\xff", bytes(5000), b"\x12\x02\x08\x81", b"\x2a\x00", "text"):
            await self.socket.send(frame)
        pongs = self.pongs
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.pongs == pongs and time.monotonic() < deadline:
            await self.play(0.7)
        require(self.pongs > pongs, "no pong after rubbish")
        require(self.goodbye is None, "rubbish ended the session")


def open_session(url, body, expected=200):
    request = urllib.request.Request(
        f"{url}/v1/session", json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status, answer = response.status, json.load(response)
    except urllib.error.HTTPError as error:
        status, answer = error.code, json.load(error)
    require(status == expected, f"POST /v1/session {body} gives {status} {answer}")
    return answer


async def refused(schema, url, session, reason, **join):
    """A join that the server must answer with that goodbye, and then close."""
    player = Player(schema, url, f"refused-{reason}", 0)
    player.session = session
    player.socket = await websockets.connect(session["zones"][0]["url"], compression=None)
    await player.send(join=player.join_message(session, **join))
    await player.until(lambda: player.goodbye is not None)
    require(player.goodbye == reason, f"goodbye {player.goodbye} instead of {reason}")
    await asyncio.wait_for(player.socket.wait_closed(), 5)


def check_sessions(url, schema):
    require(open_session(url, {"name": "x"}, 400)["error"] == "bad_name", "a short name")
    require(open_session(url, {"colour": 1}, 400)["error"] == "malformed", "an unknown field")
    unknown = open_session(url, {"guestSecret": "A" * 32}, 401)
    require(unknown["error"] == "bad_credentials", "an unknown guest")
    first = open_session(url, {})
    require(len(first["guestSecret"]) == 32, "a guest secret")
    again = open_session(url, {"guestSecret": first["guestSecret"]})
    require(again["playerId"] == first["playerId"] and "guestSecret" not in again, "the guest comes back")
    require(first["protocolVersion"] == PROTOCOL_VERSION, "another protocol version")
    require(first["game"] == {"name": schema.game, "version": int(schema.version)}, "another game")
    return again


async def run(options):
    schema = Schema(Path(options.proto))
    walker_session = check_sessions(options.url, schema)
    spare = open_session(options.url, {})
    walker = Player(schema, options.url, "walker", 0.0)
    other = Player(schema, options.url, "other", 0.3)
    await walker.join(walker_session)
    await other.join(open_session(options.url, {}))
    require(walker.goodbye is None and other.goodbye is None, f"goodbye {walker.goodbye} {other.goodbye}")
    await asyncio.gather(walker.walk_to_middle(), other.walk_to_middle())
    await asyncio.gather(walker.walk_square(options.seconds), other.walk_square(options.seconds))
    for player, mate in ((walker, other), (other, walker)):
        require(player.path > 1000, f"{player.name} walked {player.path:.0f} mm")
        seen = [way for name, _, way in player.seen_moving.values() if name == mate.welcome.name]
        require(seen and max(seen) > 500, f"{player.name} did not see {mate.name} move: {seen}")
    await asyncio.gather(walker.come_early(), other.come_early())
    require(other.lost > 0, "the lossy line lost nothing")
    await asyncio.gather(walker.check_full_state(), other.check_full_state())
    await walker.send_rubbish()
    await refused(schema, options.url, walker_session, "token_used")
    await refused(schema, options.url, spare, "protocol_version", version=PROTOCOL_VERSION + 1)
    await walker.socket.close()
    await other.socket.close()
    return {
        "players": [
            {
                "name": player.welcome.name,
                "snapshots": player.snapshots,
                "lost": player.lost,
                "deltas": player.world.deltas,
                "changes": player.world.changes,
                "ownBaselines": player.world.own_baselines,
                "fullStates": player.world.full,
                "pathMm": round(player.path),
                "roundTripMs": round(player.best_trip * 1000, 2),
            }
            for player in (walker, other)
        ]
    }


def main():
    parser = argparse.ArgumentParser(description="checks a live server against proto/STANDARD.md")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--proto", default="proto/game.proto")
    parser.add_argument("--seconds", type=float, default=4.0)
    try:
        print(json.dumps(asyncio.run(run(parser.parse_args()))))
    except Deviation as deviation:
        print(f"deviation: {deviation}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
