# Transactions of ../README.md with confluent-kafka, which is librdkafka.
#
#   python transactions_confluent.py <bootstrap> <prefix of names>

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from scenario import refused, same, step, until

BOOTSTRAP, PREFIX = sys.argv[1:]
BASIC = {"bootstrap.servers": BOOTSTRAP, "client.id": PREFIX}
COPIED = 200
PARTITIONS = 4

admin = AdminClient(BASIC)


def topic(name, partitions=1):
    full = f"{PREFIX}-{name}"
    for future in admin.create_topics([NewTopic(full, partitions, 1)]).values():
        future.result(30)
    return full


def producer(name, **options):
    names = {key.replace("_", "."): value for key, value in options.items()}
    made = Producer({**BASIC, "transactional.id": f"{PREFIX}-{name}", **names})
    made.init_transactions(60)
    return made


def consumer(group, **options):
    names = {key.replace("_", "."): value for key, value in options.items()}
    start = {"auto.offset.reset": "earliest", "enable.auto.commit": False}
    times = {"fetch.wait.max.ms": 100, "session.timeout.ms": 10_000, "heartbeat.interval.ms": 300}
    level = {"isolation.level": "read_committed"}
    return Consumer({**BASIC, **start, **times, **level, **names, "group.id": group})


def send(to, into, *values):
    """Sends values to partition 0, and waits until each is stored or refused."""
    errors = []

    def delivered(error, _):
        if error is not None:
            errors.append(error)

    for value in values:
        to.produce(into, value, partition=0, on_delivery=delivered)
    same("left in the queue", to.flush(60), 0)
    if errors:
        raise KafkaException(errors[0])


def error_of(action):
    """What the client calls the error, and what it says can be done about it."""
    error = refused("it", action).args[0]
    kind = "fatal" if error.fatal() else "abortable" if error.txn_requires_abort() else "other"
    return f"{error.name()} ({kind})"


def view(of, isolation):
    """The values of a topic's partition 0, and where they end at an isolation level."""
    level = {"isolation_level": isolation, "enable_partition_eof": True}
    reader = consumer(f"{PREFIX}-none", **level)
    reader.assign([TopicPartition(of, 0, 0)])
    values, ends = [], []

    def poll():
        message = reader.poll(0.1)
        if message is None:
            return
        if message.error() is None:
            values.append(message.value().decode())
        else:
            ends.append(message.offset())

    until(f"the end of {of}", lambda: ends, poll)
    reader.close()
    return values, ends[0]


def committed(of, end=0):
    """Kafka answers the end of a transaction before its markers are there: they are waited for."""
    found = []

    def is_there():
        found[:] = [view(of, "read_committed")]
        return found[0][1] >= end

    until(f"its end is {end}", is_there)
    return found[0]


def uncommitted(of):
    return view(of, "read_uncommitted")


def committed_offset(group, of):
    reader = consumer(group, isolation_level="read_uncommitted")
    [found] = reader.committed([TopicPartition(of, 0)], 30)
    reader.close()
    return found.offset


def commit():
    first, second = topic("commit-1"), topic("commit-2")
    it = producer("commit")
    it.begin_transaction()
    send(it, first, "a", "b", "c")
    send(it, second, "d")
    same("open, uncommitted", uncommitted(first), (["a", "b", "c"], 3))
    same("open, committed", committed(first), ([], 0))
    it.commit_transaction(60)
    same("committed", committed(first, 4), (["a", "b", "c"], 4))
    same("committed, second topic", committed(second, 2), (["d"], 2))
    it.begin_transaction()
    it.commit_transaction(60)
    it.begin_transaction()
    it.abort_transaction(60)
    same("after empty ones", committed(first)[1], 4)
    for n in range(20):
        it.begin_transaction()
        it.produce(second, f"n{n}", partition=0)
        it.commit_transaction(60)
    values, end = committed(second, 42)
    same("after 20 more", (len(values), end), (21, 42))


def abort():
    into = topic("abort")
    it = producer("abort")
    for values, ends in (("ab", "abort"), ("c", "commit"), ("de", "abort")):
        it.begin_transaction()
        send(it, into, *values)
        if ends == "commit":
            it.commit_transaction(60)
        else:
            it.abort_transaction(60)
    same("committed", committed(into, 8), (["c"], 8))
    same("uncommitted", uncommitted(into), (list("abcde"), 8))
    # What was never sent is dropped by the client.
    it.begin_transaction()
    it.produce(into, "f", partition=0)
    it.abort_transaction(60)
    it.begin_transaction()
    send(it, into, "g")
    it.commit_transaction(60)
    until("in the end", lambda: committed(into)[0] == ["c", "g"])


def offsets():
    source, into = topic("offsets-in"), topic("offsets-out")
    group = f"{PREFIX}-offsets"
    it = producer("offsets")
    it.begin_transaction()
    send(it, source, *"abcde")
    it.commit_transaction(60)
    reader = consumer(group)
    reader.subscribe([source])
    values = []

    def poll():
        message = reader.poll(0.1)
        if message is not None and message.error() is None:
            values.append(message.value())

    until("five records", lambda: len(values) == 5, poll)
    metadata = reader.consumer_group_metadata()
    it.begin_transaction()
    send(it, into, "x")
    it.send_offsets_to_transaction([TopicPartition(source, 0, 2)], metadata, 60)
    it.abort_transaction(60)
    same("after an abort", committed_offset(group, source), -1001)
    it.begin_transaction()
    send(it, into, "y")
    it.send_offsets_to_transaction([TopicPartition(source, 0, 4)], metadata, 60)
    same("while it is open", committed_offset(group, source), -1001)
    told = ["a consumer: " + error_of(lambda: reader.committed([TopicPartition(source, 0)], 1))]
    it.commit_transaction(60)
    same("the output", committed(into, 4)[0], ["y"])
    until("the offset is there", lambda: committed_offset(group, source) == 4)
    reader.close()
    it.begin_transaction()
    send(it, into, "z")
    offset = [TopicPartition(source, 0, 5)]
    told.append(
        "gone: " + error_of(lambda: it.send_offsets_to_transaction(offset, metadata, 60))
    )
    it.abort_transaction(60)
    same("in the end", committed_offset(group, source), 4)
    return ", ".join(told)


def fencing():
    into = topic("fencing")
    told = []
    zombie, idle = producer("fencing"), producer("fencing-idle")
    zombie.begin_transaction()
    send(zombie, into, "a")
    following = producer("fencing")
    same("aborted by the next", committed(into), ([], 2))
    told.append("commit: " + error_of(lambda: zombie.commit_transaction(60)))
    told.append("abort: " + error_of(lambda: zombie.abort_transaction(60)))
    following.begin_transaction()
    send(following, into, "c")
    following.commit_transaction(60)
    same("of the next", committed(into, 4), (["c"], 4))
    # One that has no transaction open when it is fenced.
    following = producer("fencing-idle")
    idle.begin_transaction()
    told.append("idle send: " + error_of(lambda: send(idle, into, "d")))
    told.append("idle commit: " + error_of(lambda: idle.commit_transaction(60)))
    following.begin_transaction()
    send(following, into, "e")
    following.commit_transaction(60)
    same("in the end", committed(into, 6)[0], ["c", "e"])
    return ", ".join(told)


def timeout():
    into = topic("timeout")
    it = producer("timeout", transaction_timeout_ms=1_000)
    it.begin_transaction()
    send(it, into, "a", "b")
    same("while it is open", committed(into), ([], 0))
    until("the broker aborts it", lambda: committed(into)[1] == 3)
    # Whether it may go on with a new epoch after an abort is the client's own decision.
    told = ["commit: " + error_of(lambda: it.commit_transaction(60))]
    following = producer("timeout")
    following.begin_transaction()
    send(following, into, "d")
    following.commit_transaction(60)
    same("committed", committed(into, 5)[0], ["d"])
    too_long = lambda: producer("timeout-long", transaction_timeout_ms=900_001)
    told.append("too long: " + error_of(too_long))
    return ", ".join(told)


def interleaved():
    into = topic("interleaved")
    producers = [producer(f"interleaved-{n}") for n in range(4)]
    expected = []
    for number in range(20):
        for it in producers:
            it.begin_transaction()
        for record in range(3):
            for n, it in enumerate(producers):
                value = f"{number} {n} {record}"
                send(it, into, value)
                if (number + n) % 2 == 0:
                    expected.append(value)
        for n, it in enumerate(producers):
            if (number + n) % 2 == 0:
                it.commit_transaction(60)
            else:
                it.abort_transaction(60)
    same("committed", committed(into, 320), (expected, 320))
    same("uncommitted", len(uncommitted(into)[0]), 240)


class Copier:
    """Reads a topic in a group, and writes what it reads to another, with its offsets."""

    def __init__(self, name, source, into):
        self.into = into
        self.producer = producer(name)
        self.reader = consumer(f"{PREFIX}-copiers")
        self.reader.subscribe([source])

    def copy(self, ends=True):
        messages = [it for it in self.reader.consume(7, 0.1) if it.error() is None]
        if not messages:
            return False
        self.producer.begin_transaction()
        following = {}
        for message in messages:
            value = message.value().upper()
            self.producer.produce(self.into, value, partition=message.partition())
            following[message.partition()] = message.offset() + 1
        offsets = [TopicPartition(messages[0].topic(), *pair) for pair in following.items()]
        metadata = self.reader.consumer_group_metadata()
        self.producer.send_offsets_to_transaction(offsets, metadata, 60)
        if ends:
            self.producer.commit_transaction(60)
        else:
            self.producer.flush(60)
        return True


def fill(into, start, end):
    plain = Producer(BASIC)
    for n in range(start, end):
        plain.produce(into, f"record {n:03}", partition=n % PARTITIONS)
    same("left in the queue", plain.flush(60), 0)


def copy():
    source, into = topic("copy-in", PARTITIONS), topic("copy-out", PARTITIONS)
    fill(source, 0, COPIED)
    first = Copier("copier-1", source, into)
    until("the first begins", lambda: first.copy(), lambda: None)
    second = Copier("copier-2", source, into)
    copiers = [first, second]

    def work():
        for copier in copiers:
            copier.copy()

    until("both have two", lambda: [len(it.reader.assignment()) for it in copiers] == [2, 2], work)
    fill(source, COPIED, 2 * COPIED)
    # The second leaves a transaction with offsets open, and is gone.
    until("the second has an open one", lambda: second.copy(ends=False), lambda: None)
    second.reader.close()
    copiers[1] = Copier("copier-2", source, into)
    found = []
    reader = consumer(f"{PREFIX}-copied")
    reader.subscribe([into])

    def work_and_read():
        work()
        found.extend(it.value().decode() for it in reader.consume(100, 0.05) if it.error() is None)

    until("all is copied", lambda: len(found) >= 2 * COPIED, work_and_read)
    work_and_read()
    reader.close()
    same("each once", sorted(found), [f"RECORD {n:03}" for n in range(2 * COPIED)])
    told = "zombie: " + error_of(lambda: second.producer.commit_transaction(60))
    for copier in copiers:
        copier.reader.close()
    return told


step("transaction commit", commit)
step("transaction abort", abort)
step("offsets in a transaction", offsets)
step("fencing", fencing)
step("transaction timeout", timeout)
step("interleaved transactions", interleaved)
step("copy with a rebalance", copy)
