"""Copies a topic into another, in capitals: each record once, whatever stops it, however often it runs.
The copies and the offsets up to which was read are in one transaction: both count, or neither.

    python copy_once.py GROUP FROM TO [--bootstrap HOST:PORT] [--leave-after RECORDS]
"""

import argparse
import itertools
import sys
import time

import grpc

from stubs import fetch, fetch_grpc, groups, groups_grpc, produce, produce_grpc, records
from stubs import transactions, transactions_grpc

RECORDS_PER_TRANSACTION = 500
# What passes by itself: what came before is still being ended.
PASSING = {"CONCURRENT_TRANSACTIONS", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE"}


def again(call, refusal_of=lambda answer: None):
    """Calls until it is not refused with what passes. Any other refusal ends the program."""
    while True:
        try:
            answer = call()
            refusal = refusal_of(answer)
        except grpc.RpcError as error:
            # google.rpc.ErrorInfo, in the details of the status, has Kafka's name of the error.
            details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
            if not any(reason.encode() in details for reason in PASSING):
                raise
        else:
            if refusal is None:
                return answer
            if refusal not in PASSING:
                raise SystemExit(refusal)
        time.sleep(0.02)


def first_refusal(results):
    return next((each.error.reason for each in results if each.HasField("error")), None)


def capitals(value: bytes) -> bytes:
    return value.decode().upper().encode()


class Copier:
    def __init__(self, channel: grpc.Channel, group: str, target: str):
        self.group, self.target, self.name = group, target, f"copy-of-{group}"
        self.service = transactions_grpc.TransactionServiceStub(channel)
        self.produce = produce_grpc.ProduceServiceStub(channel)
        # Whoever had this name before is refused from now on, and what it left open is aborted.
        request = transactions.InitRequest(transactional_id=self.name)
        self.identity = again(lambda: self.service.Init(request))

    def copy(self, chunk: list, leave: bool) -> None:
        producer = produce.PublishProducer(
            producer_id=self.identity.producer_id,
            producer_epoch=self.identity.producer_epoch,
            transactional_id=self.name,
        )
        copies = [
            records.Record(key=each.record.key, value=capitals(each.record.value)) for each in chunk
        ]
        request = produce.PublishRequest(
            topic=self.target,
            records=[produce.PublishRecord(record=copy, partition=0) for copy in copies],
            producer=producer,
        )
        again(lambda: self.produce.Publish(request), lambda answer: first_refusal(answer.records))
        if leave:
            raise SystemExit("left in the middle of a transaction")
        self.add_offsets(chunk)
        self.end()

    def add_offsets(self, chunk: list) -> None:
        read = {(each.topic, each.partition): each.offset + 1 for each in chunk}
        request = transactions.AddOffsetsRequest(
            transactional_id=self.name,
            producer_id=self.identity.producer_id,
            producer_epoch=self.identity.producer_epoch,
            group_id=self.group,
            offsets=[
                groups.OffsetToCommit(topic=topic, partition=partition, offset=offset)
                for (topic, partition), offset in read.items()
            ],
        )
        again(
            lambda: self.service.AddOffsets(request),
            lambda answer: first_refusal(answer.partitions),
        )

    def end(self) -> None:
        request = transactions.EndRequest(
            transactional_id=self.name,
            producer_id=self.identity.producer_id,
            producer_epoch=self.identity.producer_epoch,
            outcome=transactions.TRANSACTION_OUTCOME_COMMIT,
        )
        # With the next epoch sequences begin at 0 again.
        self.identity = again(lambda: self.service.End(request))


def unread(channel: grpc.Channel, group: str, topic: str):
    """The records that the group has not read, up to the end of the topic."""
    request = groups.FetchOffsetsRequest(group_id=group, require_stable=True)
    service = groups_grpc.GroupServiceStub(channel)
    committed = again(
        lambda: service.FetchOffsets(request), lambda answer: first_refusal(answer.partitions)
    )
    starts = {
        each.partition: records.Position(offset=each.offset)
        for each in committed.partitions
        if each.topic == topic
    }
    subscription = fetch.TopicSubscription(topic=topic, partition_starts=starts)
    request = fetch.SubscribeRequest(
        topics=[subscription], until_end=True, isolation=records.ISOLATION_READ_COMMITTED
    )
    for response in fetch_grpc.FetchServiceStub(channel).Subscribe(request):
        yield from response.records


def main() -> None:
    parser = argparse.ArgumentParser(description="Copies each record once")
    parser.add_argument("group")
    parser.add_argument("source", metavar="FROM")
    parser.add_argument("target", metavar="TO")
    parser.add_argument("--bootstrap", default="127.0.0.1:9094")
    parser.add_argument("--leave-after", type=int, help="die in the middle of a transaction")
    arguments = parser.parse_args()

    copied = 0
    with grpc.insecure_channel(arguments.bootstrap) as channel:
        copier = Copier(channel, arguments.group, arguments.target)
        left = unread(channel, arguments.group, arguments.source)
        while chunk := list(itertools.islice(left, RECORDS_PER_TRANSACTION)):
            leaves = arguments.leave_after is not None and copied >= arguments.leave_after
            copier.copy(chunk, leaves)
            copied += len(chunk)
    print(f"{copied} records are copied to {arguments.target}")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        raise SystemExit(f"{error.code().name}: {error.details()}")
    except KeyboardInterrupt:
        sys.exit(130)
