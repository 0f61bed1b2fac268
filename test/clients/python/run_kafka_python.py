# The scenario of ../README.md with kafka-python, in its last version of old (2.0.2) and its newest.
#
#   python run_kafka_python.py <bootstrap> <prefix of names>

import sys
import threading

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.structs import OffsetAndMetadata

from scenario import PER_CODEC, record, records, refused, round_of_group, same, same_records
from scenario import same_values, step, timestamp_of, until

BOOTSTRAP, PREFIX = sys.argv[1:]
DATA, GROUP, IDEMPOTENT = (f"{PREFIX}-{name}" for name in ("data", "group", "idempotent"))
CODECS = [None, "gzip", "snappy", "lz4", "zstd"]
IS_OLD = kafka.__version__.startswith("2.")
TOTAL = len(CODECS) * PER_CODEC
BASIC = {"bootstrap_servers": BOOTSTRAP, "client_id": PREFIX}

admin = KafkaAdminClient(**BASIC)


def consumer(group=None, **options):
    start = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **options}
    times = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 300, "fetch_max_wait_ms": 200}
    return KafkaConsumer(group_id=group, **BASIC, **times, **start)


def plain(message):
    return {
        "offset": message.offset,
        "timestamp": message.timestamp,
        "key": message.key,
        "value": message.value,
        "headers": list(message.headers),
    }


def read(reader, count):
    found = []

    def poll():
        for messages in reader.poll(200).values():
            found.extend(plain(message) for message in messages)

    until(f"{count} records", lambda: len(found) >= count, poll)
    return found


def assigned(topic, offset=0):
    reader = consumer()
    reader.assign([TopicPartition(topic, 0)])
    reader.seek(TopicPartition(topic, 0), offset)
    return reader


def produce_all(topic, numbers, **options):
    producer = KafkaProducer(**BASIC, linger_ms=20, **options)
    futures = []
    for n in numbers:
        it = record(n)
        futures.append(
            producer.send(
                topic,
                value=it["value"],
                key=it["key"],
                headers=it["headers"],
                partition=0,
                timestamp_ms=it["timestamp"],
            )
        )
    producer.flush(20)
    offsets = [future.get(10).offset for future in futures]
    producer.close()
    return offsets


def create_topics():
    for_ever = {"retention.ms": "-1"}
    topics = [
        NewTopic(DATA, 1, 1, topic_configs=for_ever),
        NewTopic(GROUP, 4, 1),
        NewTopic(IDEMPOTENT, 1, 1, topic_configs=for_ever),
    ]
    admin.create_topics(topics)
    found = {it["topic" if "topic" in it else "name"]: it for it in admin.describe_topics([DATA, GROUP])}
    counts = [len(found[name]["partitions"]) for name in (DATA, GROUP)]
    same("partitions", counts, [1, 4])
    error = refused("a second time", lambda: admin.create_topics(topics[:1]))
    same("error", type(error).__name__, "TopicAlreadyExistsError")


def produce():
    for at, codec in enumerate(CODECS):
        numbers = range(at * PER_CODEC, (at + 1) * PER_CODEC)
        offsets = produce_all(DATA, numbers, compression_type=codec, acks="all")
        same(f"offsets of {codec}", offsets, list(numbers))
    return " ".join(codec or "none" for codec in CODECS)


def consume_by_assignment():
    reader = assigned(DATA)
    same_records("all", read(reader, TOTAL), records(0, TOTAL))
    same("end", reader.end_offsets([TopicPartition(DATA, 0)]), {TopicPartition(DATA, 0): TOTAL})
    reader.seek(TopicPartition(DATA, 0), 40)
    same_records("from offset 40", read(reader, TOTAL - 40), records(40, TOTAL))
    reader.close()


def seek_by_time():
    reader = assigned(DATA)
    partition = TopicPartition(DATA, 0)
    found = reader.offsets_for_times({partition: timestamp_of(30) - 500})[partition]
    same("offset at the time", (found.offset, found.timestamp), (30, timestamp_of(30)))
    reader.seek(partition, found.offset)
    same_records("from the time", read(reader, TOTAL - 30), records(30, TOTAL))
    reader.close()


class Member:
    """One consumer of the group, in a thread of its own: joining a group holds a caller up."""

    def __init__(self):
        self.values = []
        self.owned = 0
        self.error = None
        self.stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            reader = consumer(f"{PREFIX}-members")
            reader.subscribe([GROUP])
            while not self.stopped:
                for messages in reader.poll(50).values():
                    self.values.extend(message.value for message in messages)
                    reader.commit()
                self.owned = len(reader.assignment())
            reader.close()
        except Exception as error:  # told by owns()
            self.error = error

    def owns(self):
        if self.error is not None:
            raise self.error
        return self.owned

    def leave(self):
        self.stopped = True
        self.thread.join(20)


def group_with_rebalance():
    producer = KafkaProducer(**BASIC)

    def send(number):
        for partition, value in round_of_group(number):
            producer.send(GROUP, value=value, partition=partition)
        producer.flush(10)

    send(0)
    first = Member()
    until("the first member has all", lambda: first.owns() == 4)
    until("the first round is read", lambda: len(first.values) == 40)
    second = Member()
    until("both have two", lambda: [first.owns(), second.owns()] == [2, 2])
    send(1)
    count = lambda: len(set(first.values + second.values))
    until("the second round is read", lambda: count() == 80)
    shared = [value for value in second.values if value.startswith(b"round 1 ")]
    same("the second member read", len(shared), 20)
    second.leave()
    until("the first member has all again", lambda: first.owns() == 4)
    send(2)
    until("the third round is read", lambda: count() == 120)
    first.leave()
    producer.close()
    sent = [value for number in range(3) for _, value in round_of_group(number)]
    return same_values(first.values + second.values, sent)


def commit_and_resume():
    group = f"{PREFIX}-resume"
    partition = TopicPartition(DATA, 0)
    reader = consumer(group, max_poll_records=25)
    reader.subscribe([DATA])
    same_records("first", read(reader, 25), records(0, 25))
    offset = OffsetAndMetadata(25, "") if IS_OLD else OffsetAndMetadata(25, "", -1)
    reader.commit({partition: offset})
    same("committed offset", reader.committed(partition), 25)
    reader.close()
    reader = consumer(group)
    reader.subscribe([DATA])
    same_records("after it", read(reader, TOTAL - 25), records(25, TOTAL))
    reader.close()


def describe_groups():
    group = f"{PREFIX}-resume"
    names = ("list_consumer_groups", "describe_consumer_groups", "delete_consumer_groups")
    if not IS_OLD:
        names = ("list_groups", "describe_groups", "delete_groups")
    list_groups, describe, delete = (getattr(admin, name) for name in names)

    def listed():
        return any(group in (it if IS_OLD else it.values()) for it in list_groups())

    same("listed", listed(), True)
    described = describe([group])
    state = described[0].state if IS_OLD else described[group]["group_state"]
    same("state", state, "Empty")
    delete([group])
    same("left", listed(), False)


def delete_records():
    partition = TopicPartition(DATA, 0)
    admin.delete_records({partition: 10})
    reader = assigned(DATA)
    same("beginning", reader.beginning_offsets([partition]), {partition: 10})
    same_records("left", read(reader, TOTAL - 10), records(10, TOTAL))
    reader.close()


def alter_configs():
    def set_to(value):
        configs = {"max.message.bytes": value}
        found = admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, GROUP, configs)])
        # An error stands in the answer alone.
        error = found.resources[0][1] if IS_OLD else found["topic"][GROUP]
        if error not in (None, "", "OK"):
            raise RuntimeError(error)

    def described():
        asked = ConfigResource(ConfigResourceType.TOPIC, GROUP, {"max.message.bytes": ""})
        found = admin.describe_configs([asked])
        if not IS_OLD:
            return found["topic"][GROUP]["max.message.bytes"]["value"]
        [resource] = found[0].resources
        return [entry[1] for entry in resource[4] if entry[0] == "max.message.bytes"][0]

    set_to("123456")
    same("max.message.bytes", described(), "123456")
    refused("a number that is none", lambda: set_to("many"))


def idempotent_producer():
    same("offsets", produce_all(IDEMPOTENT, range(30), enable_idempotence=True), list(range(30)))
    same_records("all", read(assigned(IDEMPOTENT), 30), records(0, 30))


def delete_topics():
    names = [DATA, GROUP, IDEMPOTENT]
    admin.delete_topics(names)
    until("the topics are gone", lambda: not set(names) & set(admin.list_topics()))


step("create topics", create_topics)
step("produce", produce)
step("consume by assignment", consume_by_assignment)
step("seek by time", seek_by_time)
step("group with a rebalance", group_with_rebalance)
step("commit and resume", commit_and_resume)
step("describe groups", describe_groups)
if not IS_OLD:
    step("delete records", delete_records)
step("alter configs", alter_configs)
if not IS_OLD:
    step("idempotent producer", idempotent_producer)
step("delete topics", delete_topics)
