"""The client's end of the channels, written from section "Channels" of proto/STANDARD.md alone; no code is shared.

Each line on stdin is one tick, {"nowMs": 16.6, "packets": ["hex", …]}, with what arrived; each is answered by a line with
what leaves. {"end": true} is answered by a summary. Anything that the standard does not say is a deviation: exit code 1
and a sentence.

Message number i begins with i as four bytes; the rest repeats its lowest byte. Reliable ones must come in order.
"""

import json
import random
import struct
import sys

PACKET_BYTES_MAX = 1200
HEADER = struct.Struct("<HHIH")
UNRELIABLE, SEQUENCED, SEGMENT = 0, 1, 2
SEGMENT_BYTES_MAX = 1024
WINDOW_DOWN, WINDOW_UP = 64, 16
RELIABLE_BYTES_DOWN_MAX = 262144
RELIABLE_MESSAGES = 400


def require(condition, sentence):
    if not condition:
        print(sentence, file=sys.stderr)
        sys.exit(1)


def ahead(a, b):
    """How far a is ahead of b on the circle of 65,536."""
    return (a - b + 0x8000) % 0x10000 - 0x8000


def message(index, length):
    return struct.pack("<I", index) + bytes([index & 0xFF]) * (length - 4)


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Receiver:
    """Acknowledges packets, puts segments in order, takes messages out of the stream."""

    def __init__(self):
        self.newest = None
        self.newest_ms = 0
        self.seen = set()
        self.due_ms = None
        self.unacked = 0
        self.sequenced_from = -1
        self.expected = 0
        self.segments = {}
        self.stream = bytearray()
        self.reliable = 0
        self.sequenced = 0
        self.last_sequenced = -1

    def take(self, packet, now_ms):
        """Returns the acknowledgement fields of a packet, None of one that came before."""
        require(HEADER.size <= len(packet) <= PACKET_BYTES_MAX, f"a packet of {len(packet)} bytes")
        sequence, newest, bits, delay = HEADER.unpack_from(packet)
        number = sequence if self.newest is None else self.newest + ahead(sequence, self.newest & 0xFFFF)
        if number in self.seen or (self.newest is not None and self.newest - number >= 32):
            return None
        self.seen.add(number)
        if self.newest is None or number > self.newest:
            self.newest, self.newest_ms = number, now_ms
        messages = list(self.parse(packet))
        if messages:
            self.unacked += 1
            wait_ms = 0 if self.unacked >= 16 else 25 if any(kind == SEGMENT for kind, *_ in messages) else 100
            self.due_ms = min(now_ms + wait_ms, self.due_ms if self.due_ms is not None else now_ms + wait_ms)
        for kind, identity, content in messages:
            if kind == SEGMENT:
                self.take_segment(identity, content)
            elif kind == SEQUENCED and number >= self.sequenced_from:
                self.sequenced_from = number
                self.take_sequenced(content)
        return newest, bits, delay

    def parse(self, packet):
        at = HEADER.size
        while at < len(packet):
            require(at + 2 <= len(packet), "half a message head")
            (head,) = struct.unpack_from("<H", packet, at)
            kind, length, identity = head & 3, head >> 2, None
            at += 2
            require(kind <= SEGMENT and length > 0, f"a message of kind {kind} and {length} bytes")
            if kind == SEGMENT:
                (identity,) = struct.unpack_from("<H", packet, at)
                at += 2
                require(length <= SEGMENT_BYTES_MAX, f"a segment of {length} bytes")
                require(ahead(identity, self.expected) < WINDOW_DOWN, f"segment {identity} at {self.expected}")
            require(at + length <= len(packet), "a message beyond its packet")
            yield kind, identity, packet[at : at + length]
            at += length

    def take_sequenced(self, content):
        (index,) = struct.unpack_from("<I", content)
        require(content == message(index, len(content)), f"sequenced message {index} has other bytes")
        require(index > self.last_sequenced, f"sequenced message {index} after {self.last_sequenced}")
        self.last_sequenced = index
        self.sequenced += 1

    def take_segment(self, identity, content):
        if ahead(identity, self.expected) < 0:
            return
        known = self.segments.setdefault(identity, content)
        require(known == content, f"segment {identity} came again with other bytes")
        while self.expected in self.segments:
            self.stream += self.segments.pop(self.expected)
            self.expected = (self.expected + 1) & 0xFFFF
        while self.take_message():
            pass

    def take_message(self):
        length = shift = 0
        for at, byte in enumerate(self.stream[:3]):
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        else:
            require(len(self.stream) < 3, "a length of more than three bytes")
            return False
        require(0 < length <= RELIABLE_BYTES_DOWN_MAX, f"a message of {length} bytes")
        if len(self.stream) < at + 1 + length:
            return False
        content = bytes(self.stream[at + 1 : at + 1 + length])
        require(content == message(self.reliable, length), f"reliable message {self.reliable} has other bytes")
        del self.stream[: at + 1 + length]
        self.reliable += 1
        return True

    def fields(self, now_ms):
        """Of the header of a packet that leaves now."""
        self.due_ms, self.unacked = None, 0
        if self.newest is None:
            return 0, 0, 0
        bits = sum(1 << back for back in range(32) if self.newest - back in self.seen)
        return self.newest & 0xFFFF, bits, min(65535, round((now_ms - self.newest_ms) * 10))


class Sender:
    """Cuts the stream where it likes, repeats segments until a packet that held them is acknowledged."""

    def __init__(self, chance):
        self.chance = chance
        self.count = 0
        self.packets = {}
        self.stream = bytearray()
        self.cut = 0
        self.segments = {}
        self.oldest = 0
        self.rtt_ms, self.deviation_ms = 250.0, 60.0
        for index in range(RELIABLE_MESSAGES):
            length = chance.choice([4, 30, 127, 128, 900, 4096])
            self.stream += varint(length) + message(index, length)

    def acknowledge(self, newest, bits, delay, now_ms):
        require(bits & 1 or (newest, bits, delay) == (0, 0, 0), f"acknowledges {newest} with {bits:x} and {delay}")
        number = self.count - 1 + ahead(newest, (self.count - 1) & 0xFFFF)
        for back in range(32):
            if not bits >> back & 1:
                continue
            require(0 <= number - back < self.count, f"acknowledges {number - back} of {self.count}")
            sent = self.packets.pop(number - back, None)
            if sent is None:
                continue
            sent_ms, identities = sent
            for identity in identities:
                self.segments.pop(identity, None)
            if back == 0 and delay < 65535:
                sample_ms = now_ms - sent_ms - delay / 10
                require(sample_ms > -0.06, f"a round trip of {sample_ms} ms")
                self.deviation_ms += (abs(sample_ms - self.rtt_ms) - self.deviation_ms) / 8
                self.rtt_ms += (sample_ms - self.rtt_ms) / 8

    def packet(self, fields, now_ms, input_index):
        body = bytearray()
        if input_index is not None:
            content = message(input_index, self.chance.randint(4, 40))
            body += struct.pack("<H", len(content) << 2 | SEQUENCED) + content
        identities = []
        for identity, content in self.due(now_ms):
            if HEADER.size + len(body) + 4 + len(content) > PACKET_BYTES_MAX:
                break
            body += struct.pack("<HH", len(content) << 2 | SEGMENT, identity & 0xFFFF) + content
            self.segments[identity] = (now_ms, content)
            identities.append(identity)
        self.packets[self.count] = (now_ms, identities)
        header = HEADER.pack(self.count & 0xFFFF, *fields)
        self.count += 1
        return header + bytes(body)

    def due(self, now_ms):
        wait_ms = self.rtt_ms + 4 * self.deviation_ms + 50
        for identity, (sent_ms, content) in sorted(self.segments.items()):
            if now_ms - sent_ms >= wait_ms:
                yield identity, content
        while self.stream and self.cut - min(self.segments, default=self.cut) < WINDOW_UP:
            length = self.chance.randint(1, SEGMENT_BYTES_MAX)
            content = bytes(self.stream[:length])
            del self.stream[:length]
            self.cut += 1
            # Kept before it leaves: one that has no room in this packet goes into the next.
            self.segments[self.cut - 1] = (-1e9, content)
            yield self.cut - 1, content


def main():
    chance = random.Random(int(sys.argv[1]))
    receiver, sender = Receiver(), Sender(chance)
    inputs = 0
    for line in sys.stdin:
        tick = json.loads(line)
        if "end" in tick:
            waiting = len(sender.stream) + len(sender.segments)
            summary = {"reliable": receiver.reliable, "sequenced": receiver.sequenced, "waiting": waiting}
            print(json.dumps({**summary, "rttMs": sender.rtt_ms}), flush=True)
            return
        now_ms = tick["nowMs"]
        for packet in tick["packets"]:
            acknowledged = receiver.take(bytes.fromhex(packet), now_ms)
            if acknowledged is not None:
                sender.acknowledge(*acknowledged, now_ms)
        leaving = [sender.packet(receiver.fields(now_ms), now_ms, inputs)]
        inputs += 1
        print(json.dumps({"packets": [packet.hex() for packet in leaving]}), flush=True)


main()
