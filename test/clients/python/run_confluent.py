# The scenario of ../README.md with confluent-kafka, which is librdkafka.
#
#   python run_confluent.py <bootstrap> <prefix of names>

import sys

from confluent_kafka import Consumer, ConsumerGroupState, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin import NewTopic

from scenario import PER_CODEC, record, records, refused, round_of_group, same, same_records
from scenario import same_values, step, timestamp_of, until

BOOTSTRAP, PREFIX = sys.argv[1:]
DATA, GROUP, NEWER, IDEMPOTENT = (f"{PREFIX}-{n}" for n in ("data", "group", "newer", "idempotent"))
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TOTAL = len(CODECS) * PER_CODEC
BASIC = {"bootstrap.servers": BOOTSTRAP, "client.id": PREFIX}
# The newer protocol has these on the broker.
CLASSIC = {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 300}

admin = AdminClient(BASIC)


def wait(futures):
    return [future.result(20) for future in futures.values()]


def consumer(group, **options):
    names = {name.replace("_", "."): value for name, value in options.items()}
    start = {"auto.offset.reset": "earliest", "enable.auto.commit": False, **names}
    return Consumer({**BASIC, "group.id": group, "fetch.wait.max.ms": 200, **start})


def plain(message):
    return {
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": message.key(),
        "value": message.value(),
        "headers": message.headers() or [],
    }


def read(reader, count):
    found = []

    def poll():
        message = reader.poll(0.2)
        if message is None:
            return
        if message.error():
            raise RuntimeError(str(message.error()))
        found.append(plain(message))

    until(f"{count} records", lambda: len(found) >= count, poll)
    return found


def produce_all(topic, numbers, **options):
    names = {name.replace("_", "."): value for name, value in options.items()}
    failures, offsets = [], []

    def delivered(error, message):
        if error is not None:
            failures.append(str(error))
        else:
            offsets.append(message.offset())

    producer = Producer({**BASIC, "linger.ms": 20, **names})
    for n in numbers:
        it = record(n)
        producer.produce(
            topic,
            it["value"],
            it["key"],
            0,
            timestamp=it["timestamp"],
            headers=it["headers"],
            on_delivery=delivered,
        )
    same("left in the queue", producer.flush(20), 0)
    same("failures", failures, [])
    return offsets


def create_topics():
    topics = [
        NewTopic(DATA, 1, 1, config={"retention.ms": "-1"}),
        NewTopic(GROUP, 4, 1),
        NewTopic(NEWER, 4, 1),
        NewTopic(IDEMPOTENT, 1, 1, config={"retention.ms": "-1"}),
    ]
    wait(admin.create_topics(topics))
    found = admin.list_topics(timeout=10).topics
    counts = [len(found[name].partitions) for name in (DATA, GROUP)]
    same("partitions", counts, [1, 4])
    error = refused("a second time", lambda: wait(admin.create_topics(topics[:1])))
    same("error", error.args[0].name(), "TOPIC_ALREADY_EXISTS")


def produce():
    for at, codec in enumerate(CODECS):
        numbers = range(at * PER_CODEC, (at + 1) * PER_CODEC)
        offsets = produce_all(DATA, numbers, compression_type=codec)
        same(f"offsets of {codec}", offsets, list(numbers))
    return " ".join(CODECS)


def consume_by_assignment():
    reader = consumer(f"{PREFIX}-none")
    reader.assign([TopicPartition(DATA, 0, 0)])
    same_records("all", read(reader, TOTAL), records(0, TOTAL))
    same("watermarks", reader.get_watermark_offsets(TopicPartition(DATA, 0)), (0, TOTAL))
    reader.seek(TopicPartition(DATA, 0, 40))
    same_records("from offset 40", read(reader, TOTAL - 40), records(40, TOTAL))
    reader.close()


def seek_by_time():
    reader = consumer(f"{PREFIX}-none")
    [found] = reader.offsets_for_times([TopicPartition(DATA, 0, timestamp_of(30) - 500)], 10)
    same("offset at the time", found.offset, 30)
    reader.assign([found])
    same_records("from the time", read(reader, TOTAL - 30), records(30, TOTAL))
    reader.close()


class Member:
    """One consumer of a group that shares a topic."""

    def __init__(self, topic, **options):
        self.values = []
        self.reader = consumer(f"{topic}-members", **options)
        self.reader.subscribe([topic])

    def poll(self):
        message = self.reader.poll(0.05)
        if message is not None and not message.error():
            self.values.append(message.value())
            self.reader.commit(message, asynchronous=False)

    def owns(self):
        return len(self.reader.assignment())


def rebalance(topic, **options):
    producer = Producer({**BASIC})

    def send(number):
        for partition, value in round_of_group(number):
            producer.produce(topic, value, partition=partition)
        same("left in the queue", producer.flush(10), 0)

    send(0)
    members = [Member(topic, **options)]
    first = members[0]

    def poll():
        for member in members:
            member.poll()

    until("the first member has all", lambda: first.owns() == 4, poll)
    until("the first round is read", lambda: len(first.values) == 40, poll)
    second = Member(topic, **options)
    members.append(second)
    until("both have two", lambda: [m.owns() for m in members] == [2, 2], poll)
    send(1)
    until("the second round is read", lambda: len(first.values + second.values) >= 80, poll)
    same("the second member read", len(second.values), 20)
    second.reader.close()
    members.pop()
    until("the first member has all again", lambda: first.owns() == 4, poll)
    send(2)
    until("the third round is read", lambda: len(first.values + second.values) >= 120, poll)
    first.reader.close()
    sent = [value for number in range(3) for _, value in round_of_group(number)]
    return same_values(first.values + second.values, sent)


def group_with_rebalance():
    for strategy in ("range", "cooperative-sticky"):
        topic = GROUP if strategy == "range" else f"{GROUP}-cooperative"
        if topic != GROUP:
            wait(admin.create_topics([NewTopic(topic, 4, 1)]))
        options = {name.replace(".", "_"): value for name, value in CLASSIC.items()}
        rebalance(topic, partition_assignment_strategy=strategy, **options)
    wait(admin.delete_topics([f"{GROUP}-cooperative"]))
    return "range, cooperative-sticky"


def commit_and_resume():
    group = f"{PREFIX}-resume"
    reader = consumer(group)
    reader.subscribe([DATA])
    same_records("first", read(reader, 25), records(0, 25))
    reader.commit(offsets=[TopicPartition(DATA, 0, 25)], asynchronous=False)
    [committed] = reader.committed([TopicPartition(DATA, 0)], 10)
    same("committed offset", committed.offset, 25)
    reader.close()
    reader = consumer(group)
    reader.subscribe([DATA])
    same_records("after it", read(reader, TOTAL - 25), records(25, TOTAL))
    reader.close()


def describe_groups():
    group = f"{PREFIX}-resume"

    def listed():
        return group in [it.group_id for it in admin.list_consumer_groups().result(10).valid]

    same("listed", listed(), True)
    [described] = wait(admin.describe_consumer_groups([group]))
    same("state", described.state, ConsumerGroupState.EMPTY)
    wait(admin.delete_consumer_groups([group]))
    same("left", listed(), False)


def delete_records():
    [deleted] = wait(admin.delete_records([TopicPartition(DATA, 0, 10)]))
    same("low watermark", deleted.low_watermark, 10)
    reader = consumer(f"{PREFIX}-none")
    reader.assign([TopicPartition(DATA, 0, 0)])
    same_records("left", read(reader, TOTAL - 10), records(10, TOTAL))
    reader.close()


def alter_configs():
    def set_to(value):
        entry = ConfigEntry("max.message.bytes", value, incremental_operation=AlterConfigOpType.SET)
        topic = ConfigResource(ConfigResource.Type.TOPIC, GROUP, incremental_configs=[entry])
        wait(admin.incremental_alter_configs([topic]))

    set_to("123456")
    [found] = wait(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, GROUP)]))
    same("max.message.bytes", found["max.message.bytes"].value, "123456")
    same("is the default", found["max.message.bytes"].is_default, False)
    same("segment.bytes is the default", found["segment.bytes"].is_default, True)
    refused("a number that is none", lambda: set_to("many"))


def idempotent_producer():
    options = {"enable_idempotence": True, "batch_num_messages": 3}
    same("offsets", produce_all(IDEMPOTENT, range(30), **options), list(range(30)))
    reader = consumer(f"{PREFIX}-none")
    reader.assign([TopicPartition(IDEMPOTENT, 0, 0)])
    same_records("all", read(reader, 30), records(0, 30))
    reader.close()


def delete_topics():
    names = [DATA, GROUP, NEWER, IDEMPOTENT]
    wait(admin.delete_topics(names))
    until(
        "the topics are gone",
        lambda: not set(names) & set(admin.list_topics(timeout=10).topics),
    )


step("create topics", create_topics)
step("produce", produce)
step("consume by assignment", consume_by_assignment)
step("seek by time", seek_by_time)
step("group with a rebalance", group_with_rebalance)
step("newer group protocol", lambda: rebalance(NEWER, group_protocol="consumer"))
step("commit and resume", commit_and_resume)
step("describe groups", describe_groups)
step("delete records", delete_records)
step("alter configs", alter_configs)
step("idempotent producer", idempotent_producer)
step("delete topics", delete_topics)
