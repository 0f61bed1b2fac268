"""Consumes, transforms, produces, and commits what it consumed inside the transaction; with
confluent-kafka, which is librdkafka. The words of its command line are those of ../java/Copier.java,
and so is what it does: it may be killed at any time. It knows no rule but the right one.
"""

import os
import random
import select
import signal
import struct
import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

INPUT, OUTPUT = 0, 1
SEND, ACKED, COMMITTING, COMMITTED, ABORTED = 1, 2, 4, 5, 6
POSITION, READ, MOVING = 7, 8, 10
READ_COMMITTED, DAMAGED = 1, 2

# As test/support/checker/operation.ts and ../java/Payload.java draw them.
OPERATION = struct.Struct(">BBHIqIIIIIIq")
PAYLOAD = struct.Struct(">IIIqII")
NOTHING = (0, 0, 0, -1, 0, 0)
TRANSFORM = bytes(value ^ 0x5A for value in range(256))
FILLER = [bytes((31 * low + 7 * i) & 0xFF for i in range(256)) for low in range(256)]

# A call that meets the end of a broker may otherwise never return.
CALL_SECONDS = 10
# Some don't even so: then SIGALRM ends this life.
HUNG_SECONDS = 30

CODECS = ["none", "lz4", "gzip", "snappy", "zstd"]
WORDS = dict(zip((word[2:] for word in sys.argv[1::2]), sys.argv[2::2]))
CLIENT = int(WORDS["client"])
# Members of the newer group protocol (KIP-848) are given partitions and lose them one by one.
IS_INCREMENTAL = WORDS["protocol"] == "consumer"
OUT_PARTITIONS = int(WORDS["out-partitions"])
CHANCE = random.Random(int(WORDS["seed"]))


class History:
    def __init__(self, path):
        self.file = open(path, "ab", buffering=0)
        self.held = bytearray()
        self.step = 0

    def put(self, kind, detail=0, topic=0, partition=0, offset=-1, value=NOTHING, transaction=0):
        self.step += 1
        sender, number, origin_partition, origin_offset = value[:4]
        self.held += OPERATION.pack(
            kind, detail, topic, partition, offset, sender, number,
            CLIENT, transaction, self.step, origin_partition, origin_offset,
        )

    def flush(self):
        """After this a kill loses nothing of what was put before."""
        view = memoryview(bytes(self.held))
        self.held.clear()
        while view:
            view = view[self.file.write(view):]



class Copier:
    def __init__(self):
        self.history = History(WORDS["history"])
        self.consumer = Consumer(consumer_settings())
        self.producer = Producer(producer_settings())
        # Where each partition that is ours is read on once the transaction is aborted.
        self.starts = {}
        # Where each partition that the transaction has read from is read on once it is committed.
        self.moves = {}
        self.transaction = 0
        self.is_open = False
        # Partitions are being taken from us.
        self.is_leaving = False
        # What was read meanwhile of those that we keep is to be read again.
        self.must_go_back = False
        self.room = 0
        self.numbers = 0

    def run(self):
        self.retried(lambda: self.producer.init_transactions(CALL_SECONDS))
        self.consumer.subscribe(
            [WORDS["input"]], on_assign=self.assigned, on_revoke=self.revoked, on_lost=self.lost
        )
        size = CHANCE.randint(1, 500)
        while self.is_open or not select.select([sys.stdin], [], [], 0)[0]:
            signal.alarm(HUNG_SECONDS)
            some = self.consumer.consume(size, 0.1)
            records = [each for each in some if each.error() is None]
            if self.must_go_back:
                self.go_back()
            elif records:
                self.or_abort(lambda records=records: self.copy_all(records))
            elif self.is_open:
                self.or_abort(self.end)

    def copy_all(self, records):
        """Stops where a transaction was aborted: the rest is read again."""
        at = 0
        while at < len(records):
            if not self.is_open:
                self.begin()
            some = records[at:at + self.room]
            at += len(some)
            self.room -= len(some)
            self.copy(some)
            if self.room == 0 and not self.end():
                return

    def begin(self):
        self.producer.begin_transaction()
        self.transaction += 1
        self.is_open = True
        self.room = CHANCE.randint(1, int(WORDS["max-transaction"]))

    def copy(self, records):
        copies = []
        for each in records:
            value = each.value()
            read = PAYLOAD.unpack_from(value) if len(value) >= PAYLOAD.size else NOTHING
            detail = READ_COMMITTED | (DAMAGED if is_damaged(read, value) else 0)
            partition, offset = each.partition(), each.offset()
            self.history.put(READ, detail, INPUT, partition, offset, read, self.transaction)
            self.numbers += 1
            copy = (CLIENT, self.numbers, partition, offset, read[0], read[1])
            target = int.from_bytes(each.key(), "big") % OUT_PARTITIONS
            self.history.put(SEND, 0, OUTPUT, target, -1, copy, self.transaction)
            copies.append((each, copy, target))
        self.history.flush()
        for each, copy, target in copies:
            self.moves[each.partition()] = each.offset() + 1
            self.send(each, copy, target)

    def send(self, record, copy, target):
        value = PAYLOAD.pack(*copy) + record.value()[PAYLOAD.size:].translate(TRANSFORM)
        transaction = self.transaction

        def delivered(error, message):
            if error is None:
                self.history.put(ACKED, 0, OUTPUT, target, message.offset(), copy, transaction)

        while True:
            try:
                self.producer.produce(
                    WORDS["output"], value, record.key(), target, on_delivery=delivered
                )
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)

    def or_abort(self, action):
        """Aborts the transaction after an error that does not end this life."""
        try:
            action()
        except KafkaException as error:
            if error.args[0].fatal() or not self.is_open:
                raise
            print("aborts:", error, file=sys.stderr)
            self.abort()

    def end(self):
        """Ends the transaction, as chance wants it. Gives whether it was committed."""
        if CHANCE.random() < float(WORDS["abort"]):
            return self.abort()
        return self.commit()

    def commit(self):
        offsets = []
        for partition, offset in self.moves.items():
            metadata = f"{CLIENT}:{self.transaction}"
            offsets.append(TopicPartition(WORDS["input"], partition, offset, metadata))
            self.history.put(MOVING, 0, INPUT, partition, offset, NOTHING, self.transaction)
        self.history.flush()
        group = self.consumer.consumer_group_metadata()
        self.retried(
            lambda: self.producer.send_offsets_to_transaction(offsets, group, CALL_SECONDS)
        )
        self.history.put(COMMITTING, transaction=self.transaction)
        self.history.flush()
        self.retried(lambda: self.producer.commit_transaction(CALL_SECONDS))
        self.history.put(COMMITTED, transaction=self.transaction)
        self.starts.update(self.moves)
        self.moves.clear()
        self.is_open = False
        self.history.flush()
        return True

    def abort(self):
        # Partitions whose records are purged before they are sent would make it ask a coordinator to
        # abort what has not begun, which is fatal to it.
        self.producer.flush(5)
        self.retried(lambda: self.producer.abort_transaction(CALL_SECONDS))
        self.history.put(ABORTED, transaction=self.transaction)
        self.moves.clear()
        self.is_open = False
        self.history.flush()
        # While partitions are taken away nothing can be done to the others. Before KIP-848 all go.
        if self.is_leaving:
            self.must_go_back = IS_INCREMENTAL
        else:
            self.go_back()
        return False

    def go_back(self):
        self.must_go_back = False
        if not self.starts:
            return
        positions = []
        for partition, offset in self.starts.items():
            positions.append(TopicPartition(WORDS["input"], partition, offset))
            self.history.put(POSITION, READ_COMMITTED, INPUT, partition, offset)
        self.history.flush()
        # Assigned once more, since a seek may meet a partition that is not read yet.
        if IS_INCREMENTAL:
            self.consumer.incremental_unassign(positions)
            self.consumer.incremental_assign(positions)
        else:
            self.consumer.assign(positions)

    def retried(self, action):
        while True:
            signal.alarm(HUNG_SECONDS)
            try:
                return action()
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                print("asks again:", error, file=sys.stderr)

    def assigned(self, consumer, partitions):
        committed = self.retried(lambda: consumer.committed(partitions, 10))
        for each in committed:
            each.offset = max(0, each.offset)
            self.starts[each.partition] = each.offset
            self.history.put(POSITION, READ_COMMITTED, INPUT, each.partition, each.offset)
        self.history.flush()
        (consumer.incremental_assign if IS_INCREMENTAL else consumer.assign)(committed)

    def revoked(self, _, partitions):
        # Until this returns they are still ours: what was copied of them may be committed, or not.
        self.is_leaving = True
        if self.is_open:
            self.or_abort(self.end)
        for each in partitions:
            self.starts.pop(each.partition, None)
        self.is_leaving = False

    def lost(self, _, partitions):
        for each in partitions:
            self.starts.pop(each.partition, None)
        if self.is_open:
            self.abort()


def is_damaged(read, value):
    is_copy = read[3] >= 0
    like = read[5] if is_copy else read[1]
    size = ((like * 0x9E3779B1) & 0xFFFFFFFF) >> 24
    filler = FILLER[like & 0xFF][:size]
    return value[PAYLOAD.size:] != (filler.translate(TRANSFORM) if is_copy else filler)


def consumer_settings():
    # The broker says how long sessions are, and assigns, where the protocol is the newer one.
    of_group = {
        "partition.assignment.strategy": "range",
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 1_000,
    }
    if IS_INCREMENTAL:
        of_group = {"group.protocol": "consumer"}
    return {
        **of_group,
        "bootstrap.servers": WORDS["bootstrap"],
        "client.id": WORDS["id"],
        "group.id": WORDS["group"],
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        # A rebalance waits so long, at most, for a member that is held up in a call.
        "max.poll.interval.ms": 30_000,
        "reconnect.backoff.max.ms": 500,
        "log_level": 3,
    }


def producer_settings():
    return {
        "bootstrap.servers": WORDS["bootstrap"],
        "client.id": WORDS["id"],
        "transactional.id": WORDS["id"],
        "transaction.timeout.ms": int(WORDS["timeout"]),
        "compression.type": CHANCE.choice(CODECS),
        "batch.size": CHANCE.randint(1_000, 17_000),
        "linger.ms": 2,
        "reconnect.backoff.max.ms": 500,
        "request.timeout.ms": 10_000,
        "log_level": 3,
    }


def main():
    copier = Copier()
    code = 0
    try:
        copier.run()
    except KafkaException as error:
        print("ends:", error, file=sys.stderr)
        code = 3
    copier.history.flush()
    sys.stderr.flush()
    # Nothing is closed in order: whoever comes after has to live with that.
    os._exit(code)


main()
