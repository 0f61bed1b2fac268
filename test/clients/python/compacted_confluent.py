# A compacted topic as a table, with confluent-kafka, which is librdkafka: while it is compacted, and what
# offsets, positions and times mean where records have gone.
#
#   python compacted_confluent.py <bootstrap> <prefix of names>

import random
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from scenario import same, step, timestamp_of, until

BOOTSTRAP, PREFIX = sys.argv[1:]
TABLE = f"{PREFIX}-compacted"
BASIC = {"bootstrap.servers": BOOTSTRAP, "client.id": PREFIX}
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
ROUNDS = 10
PER_ROUND = 500
KEYS = 200

admin = AdminClient(BASIC)
chance = random.Random(1)
# Of each offset, the key and the value that were written there.
written = []


def create():
    # The smallest segments that Kafka allows, cleaned as soon as they are closed.
    config = {
        "cleanup.policy": "compact",
        "segment.bytes": "1048576",
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "0",
        "file.delete.delay.ms": "100",
    }
    admin.create_topics([NewTopic(TABLE, 1, 1, config=config)])[TABLE].result(30)


def next_record(n):
    """Some keys again and again, some once; some deleted. Values do not get smaller by a codec."""
    if chance.random() < 0.1:
        return f"cold-{n}", f"{n}:{chance.randbytes(450).hex()}"
    key = f"hot-{chance.randrange(KEYS)}"
    return key, None if chance.random() < 0.1 else f"{n}:{chance.randbytes(450).hex()}"


def write(count, codec):
    failures, offsets = [], []

    def delivered(error, message):
        if error is not None:
            failures.append(str(error))
        else:
            offsets.append(message.offset())

    producer = Producer({**BASIC, "linger.ms": 5, "compression.type": codec})
    start = len(written)
    for n in range(start, start + count):
        key, value = next_record(n)
        written.append((key, value))
        producer.produce(TABLE, value, key, 0, on_delivery=delivered, timestamp=timestamp_of(n))
    same("left in the queue", producer.flush(60), 0)
    same("failures", failures, [])
    same("offsets", sorted(offsets), list(range(start, start + count)))


def values_of(records):
    values = {}
    for key, value in records:
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
    return values


def consumer(group="none", **options):
    names = {name.replace("_", "."): value for name, value in options.items()}
    quiet = {"enable.auto.commit": False, "check.crcs": True, "fetch.wait.max.ms": 100}
    return Consumer({**BASIC, **quiet, "group.id": f"{PREFIX}-{group}", **names})


def read(reader, is_done):
    """Offsets of records from where the reader stands on, each as it was written."""
    offsets = []

    def poll():
        message = reader.poll(0.2)
        if message is None:
            return
        if message.error():
            raise RuntimeError(str(message.error()))
        offset = message.offset()
        key, value = message.key().decode(), message.value()
        found = (key, None if value is None else value.decode())
        same(f"the record at {offset}", found, written[offset])
        same(f"the time at {offset}", message.timestamp()[1], timestamp_of(offset))
        if offsets and offset <= offsets[-1]:
            raise AssertionError(f"offset {offset} came after {offsets[-1]}")
        offsets.append(offset)

    until("records", lambda: offsets and is_done(offsets), poll)
    return offsets


def to_end(offsets):
    return offsets[-1] == len(written) - 1


def read_all():
    reader = consumer()
    reader.assign([TopicPartition(TABLE, 0, 0)])
    offsets = read(reader, to_end)
    reader.close()
    return offsets


def same_table(offsets):
    same("the table", values_of(written[offset] for offset in offsets), values_of(written))


def while_compacted():
    """One reader from the beginning on, and a new one each round, that reads all there is."""
    live = consumer("live")
    live.assign([TopicPartition(TABLE, 0, 0)])
    seen = []
    # Of each round, whether something was gone by then.
    fewer = []

    def next_round():
        write(PER_ROUND, CODECS[len(fewer) % len(CODECS)])
        seen.extend(read(live, to_end))
        same_table(seen)
        offsets = read_all()
        same_table(offsets)
        fewer.append(len(offsets) < len(written))

    until("it is compacted meanwhile", lambda: sum(fewer) >= ROUNDS, next_round)
    live.close()
    return ""


# Offsets that are there when nothing is compacted any more.
left = []


def settled():
    """Nothing is compacted any more: the same records three times."""
    seen = []

    def look():
        time.sleep(1.5)
        seen.append(read_all())

    until("it is compacted", lambda: len(seen) > 2 and seen[-3] == seen[-2] == seen[-1], look)
    left.extend(seen[-1])
    same_table(left)
    if len(left) > len(written) / 2:
        raise AssertionError(f"{len(left)} of {len(written)} records are there")
    return ""


def following(offset):
    return next(other for other in left if other >= offset)


def gone():
    """Offsets of records that are gone: a few, the first ones among them."""
    there = set(left)
    offsets = [offset for offset in range(left[-1]) if offset not in there]
    return offsets[:3] + chance.sample(offsets, 25)


def seek():
    reader = consumer()
    reader.assign([TopicPartition(TABLE, 0, 0)])
    for wanted in gone():
        reader.seek(TopicPartition(TABLE, 0, wanted))
        found = read(reader, lambda offsets: True)
        same(f"from {wanted}", found[0], following(wanted))
    reader.close()
    return ""


def positions():
    """A group that commits in a gap goes on behind it, and its lag is counted in offsets."""
    reader = consumer("committing")
    reader.assign([TopicPartition(TABLE, 0, 0)])
    offsets = read(reader, lambda offsets: len(offsets) == 100)
    same("in order", offsets, left[:100])
    same("the position", reader.position([TopicPartition(TABLE, 0)])[0].offset, offsets[-1] + 1)
    wanted = next(offset for offset in gone() if offset > offsets[-1])
    reader.commit(offsets=[TopicPartition(TABLE, 0, wanted)], asynchronous=False)
    reader.close()
    resumed = consumer("committing")
    committed = resumed.committed([TopicPartition(TABLE, 0)], 20)
    same("committed", committed[0].offset, wanted)
    resumed.assign(committed)
    same("the rest", read(resumed, to_end), [offset for offset in left if offset >= wanted])
    resumed.close()
    return ""


def times():
    reader = consumer()
    low, high = reader.get_watermark_offsets(TopicPartition(TABLE, 0), 20)
    same("beginning and end", (low, high), (0, len(written)))
    for n in gone():
        for time_ms in (timestamp_of(n), timestamp_of(n) - 1):
            asked = [TopicPartition(TABLE, 0, time_ms)]
            same(f"at {n}", reader.offsets_for_times(asked, 20)[0].offset, following(n))
    asked = [TopicPartition(TABLE, 0, timestamp_of(len(written)))]
    same("later than all", reader.offsets_for_times(asked, 20)[0].offset, -1)
    reader.close()
    return ""


create()
step("table while it is compacted", while_compacted)
step("compacted to its end", settled)
step("seek into a gap", seek)
step("position and commit in a gap", positions)
step("offsets by time", times)
