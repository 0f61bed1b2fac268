// Transactions of ../../README.md with franz-go.
//
//	franz-transactions <bootstrap> <prefix of names>
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"sluice.clients/scenario"
)

const (
	copied     = 100
	partitions = 4
)

var (
	bootstrap = os.Args[1]
	prefix    = os.Args[2]
	ctx       = context.Background()
	admin     *kadm.Client

	committedOnly = kgo.ReadCommitted()
	uncommitted   = kgo.ReadUncommitted()
)

func main() {
	client, err := newClient()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer client.Close()
	admin = kadm.NewClient(client)
	scenario.Step("transaction commit", commit)
	scenario.Step("transaction abort", abort)
	scenario.Step("offsets in a transaction", offsets)
	scenario.Step("fencing", fencing)
	scenario.Step("transaction timeout", timeout)
	scenario.Step("interleaved transactions", interleaved)
	scenario.Step("copy with a rebalance", copyAll)
	scenario.Step("list and describe transactions", describe)
}

func newClient(options ...kgo.Opt) (*kgo.Client, error) {
	basic := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.ClientID(prefix), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
	return kgo.NewClient(append(basic, options...)...)
}

func newTopic(name string, count int32) (string, error) {
	topic := prefix + "-" + name
	if _, err := admin.CreateTopic(ctx, count, 1, nil, topic); err != nil {
		return "", err
	}
	// Apache Kafka answers before its own metadata has the topic.
	return topic, scenario.Until("the topic is there", func() bool {
		found, err := admin.ListTopics(ctx, topic)
		return err == nil && len(found[topic].Partitions) == int(count)
	})
}

// producer has its transactional id from now on.
func producer(id string, options ...kgo.Opt) (*kgo.Client, error) {
	client, err := newClient(append(options, kgo.TransactionalID(prefix+"-"+id))...)
	if err != nil {
		return nil, err
	}
	_, _, err = client.ProducerID(ctx)
	return client, err
}

func send(client *kgo.Client, topic string, values ...string) error {
	var records []*kgo.Record
	for _, value := range values {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(value)})
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

// transact sends values in a transaction of their own.
func transact(client *kgo.Client, end kgo.TransactionEndTry, topic string, values ...string) error {
	return scenario.All(
		client.BeginTransaction,
		func() error { return send(client, topic, values...) },
		func() error { return client.EndTransaction(ctx, end) },
	)
}

// stableEnd is where read_committed ends in partition 0.
func stableEnd(topic string) int64 {
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return -1
	}
	end, _ := ends.Lookup(topic, 0)
	return end.Offset
}

// shows reads partition 0, which has to have values, each as value@offset, and no more. Kafka answers
// the end of a transaction before its markers are there: the end is waited for.
func shows(topic string, level kgo.IsolationLevel, end int64, expected ...string) error {
	reached := func() bool { return stableEnd(topic) >= end }
	if err := scenario.Until(fmt.Sprintf("its end is %d", end), reached); err != nil {
		return err
	}
	records, err := read(topic, level, len(expected))
	found := []string{}
	for _, record := range records {
		found = append(found, fmt.Sprintf("%s@%d", record.Value, record.Offset))
	}
	return errors.Join(err, scenario.Same(topic, found, append([]string{}, expected...)))
}

// read has the first records of partition 0, and what comes in a moment after them.
func read(topic string, level kgo.IsolationLevel, count int) ([]*kgo.Record, error) {
	start := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}
	client, err := newClient(kgo.ConsumePartitions(start), kgo.FetchIsolationLevel(level))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var records []*kgo.Record
	timeout, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for len(records) < count && timeout.Err() == nil {
		records = append(records, client.PollFetches(timeout).Records()...)
	}
	moment, cancelMoment := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancelMoment()
	return append(records, client.PollFetches(moment).Records()...), nil
}

func readCommitted(topic string, count int) ([]string, error) {
	records, err := read(topic, committedOnly, count)
	var values []string
	for _, record := range records {
		values = append(values, string(record.Value))
	}
	return values, err
}

// refused is the name of the error, of the broker's where it is one.
func refused(err error) string {
	var broker *kerr.Error
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &broker):
		return broker.Message
	default:
		return err.Error()
	}
}

func commit() (string, error) {
	first, err := newTopic("commit-1", 1)
	if err != nil {
		return "", err
	}
	second, err := newTopic("commit-2", 1)
	if err != nil {
		return "", err
	}
	client, err := producer("commit")
	if err != nil {
		return "", err
	}
	defer client.Close()
	steps := []func() error{
		client.BeginTransaction,
		func() error { return send(client, first, "a", "b", "c") },
		func() error { return send(client, second, "d") },
		func() error { return shows(first, uncommitted, 0, "a@0", "b@1", "c@2") },
		func() error { return shows(first, committedOnly, 0) },
		func() error { return client.EndTransaction(ctx, kgo.TryCommit) },
		func() error { return shows(first, committedOnly, 4, "a@0", "b@1", "c@2") },
		func() error { return shows(second, committedOnly, 2, "d@0") },
		client.BeginTransaction,
		func() error { return client.EndTransaction(ctx, kgo.TryCommit) },
		client.BeginTransaction,
		func() error { return client.EndTransaction(ctx, kgo.TryAbort) },
	}
	expected := []string{"d@0"}
	for n := range 20 {
		value := fmt.Sprintf("n%d", n)
		expected = append(expected, fmt.Sprintf("%s@%d", value, 2+n*2))
		steps = append(steps, func() error { return transact(client, kgo.TryCommit, second, value) })
	}
	steps = append(steps, func() error { return shows(second, committedOnly, 42, expected...) })
	return "", scenario.All(steps...)
}

func abort() (string, error) {
	topic, err := newTopic("abort", 1)
	if err != nil {
		return "", err
	}
	client, err := producer("abort")
	if err != nil {
		return "", err
	}
	defer client.Close()
	return "", scenario.All(
		func() error { return transact(client, kgo.TryAbort, topic, "a", "b") },
		func() error { return transact(client, kgo.TryCommit, topic, "c") },
		func() error { return transact(client, kgo.TryAbort, topic, "d", "e") },
		func() error { return shows(topic, committedOnly, 8, "c@3") },
		func() error { return shows(topic, uncommitted, 8, "a@0", "b@1", "c@3", "d@5", "e@6") },
	)
}

// session reads a topic in a group; its transactions have the offsets of what it has read.
func session(id, group, topic string, more ...kgo.Opt) (*kgo.GroupTransactSession, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.ClientID(prefix), kgo.TransactionalID(prefix + "-" + id),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(committedOnly),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets(),
		kgo.HeartbeatInterval(300 * time.Millisecond),
	}
	return kgo.NewGroupTransactSession(append(options, more...)...)
}

// groupOffset is where a group goes on in partition 0, or -1.
func groupOffset(group, topic string) int64 {
	found, err := admin.FetchOffsetsForTopics(ctx, group, topic)
	if err != nil {
		return -2
	}
	offset, _ := found.Lookup(topic, 0)
	return offset.At
}

func offsets() (string, error) {
	source, err := newTopic("offsets-in", 1)
	if err != nil {
		return "", err
	}
	into, err := newTopic("offsets-out", 1)
	if err != nil {
		return "", err
	}
	client, err := newClient()
	if err != nil {
		return "", err
	}
	defer client.Close()
	if err := send(client, source, "a", "b", "c", "d", "e"); err != nil {
		return "", err
	}
	group := prefix + "-offsets"
	both, err := session("offsets", group, source)
	if err != nil {
		return "", err
	}
	defer both.Close()
	poll := func(count int) func() error {
		return func() error {
			for read := 0; read < count; {
				read += len(both.PollRecords(ctx, count-read).Records())
			}
			return nil
		}
	}
	end := func(how kgo.TransactionEndTry, expected bool) func() error {
		return func() error {
			isCommitted, err := both.End(ctx, how)
			if err != nil {
				return err
			}
			return scenario.Same("is committed", isCommitted, expected)
		}
	}
	isAt := func(what string, offset int64) func() error {
		return func() error { return scenario.Same(what, groupOffset(group, source), offset) }
	}
	return "", scenario.All(
		poll(2),
		both.Begin,
		func() error { return send(both.Client(), into, "x") },
		end(kgo.TryAbort, false),
		isAt("after an abort", -1),
		// It reads again what it has not committed.
		poll(4),
		both.Begin,
		func() error { return send(both.Client(), into, "y") },
		isAt("while it is open", -1),
		end(kgo.TryCommit, true),
		func() error {
			return scenario.Until("the offset is there", func() bool { return groupOffset(group, source) == 4 })
		},
		func() error { return shows(into, committedOnly, 4, "y@2") },
	)
}

func fencing() (string, error) {
	topic, err := newTopic("fencing", 1)
	if err != nil {
		return "", err
	}
	zombie, err := producer("fencing")
	if err != nil {
		return "", err
	}
	defer zombie.Close()
	if err := scenario.All(zombie.BeginTransaction, func() error { return send(zombie, topic, "a") }); err != nil {
		return "", err
	}
	next, err := producer("fencing")
	if err != nil {
		return "", err
	}
	defer next.Close()
	told := []string{
		"send: " + refused(send(zombie, topic, "b")),
		"commit: " + refused(zombie.EndTransaction(ctx, kgo.TryCommit)),
		"abort: " + refused(zombie.EndTransaction(ctx, kgo.TryAbort)),
	}
	return strings.Join(told, ", "), scenario.All(
		func() error { return shows(topic, committedOnly, 2) },
		func() error { return transact(next, kgo.TryCommit, topic, "c") },
		func() error { return shows(topic, committedOnly, 4, "c@2") },
	)
}

func timeout() (string, error) {
	topic, err := newTopic("timeout", 1)
	if err != nil {
		return "", err
	}
	client, err := producer("timeout", kgo.TransactionTimeout(time.Second))
	if err != nil {
		return "", err
	}
	defer client.Close()
	err = scenario.All(
		client.BeginTransaction,
		func() error { return send(client, topic, "a", "b") },
		func() error { return shows(topic, committedOnly, 3) },
	)
	if err != nil {
		return "", err
	}
	told := "commit: " + refused(client.EndTransaction(ctx, kgo.TryCommit))
	next, err := producer("timeout")
	if err != nil {
		return "", err
	}
	defer next.Close()
	_, tooLong := producer("timeout-long", kgo.TransactionTimeout(15*time.Minute+time.Millisecond))
	return told + ", too long: " + refused(tooLong), scenario.All(
		func() error { return transact(next, kgo.TryCommit, topic, "d") },
		func() error { return shows(topic, committedOnly, 5, "d@3") },
	)
}

// interleaved has four producers on one partition at the same time; every second transaction is aborted.
func interleaved() (string, error) {
	topic, err := newTopic("interleaved", 1)
	if err != nil {
		return "", err
	}
	var clients []*kgo.Client
	for n := range 4 {
		client, err := producer(fmt.Sprintf("interleaved-%d", n))
		if err != nil {
			return "", err
		}
		defer client.Close()
		clients = append(clients, client)
	}
	expected := []string{}
	for round := range 20 {
		for _, client := range clients {
			if err := client.BeginTransaction(); err != nil {
				return "", err
			}
		}
		for record := range 3 {
			for n, client := range clients {
				value := fmt.Sprintf("%d %d %d", round, n, record)
				if err := send(client, topic, value); err != nil {
					return "", err
				}
				if (round+n)%2 == 0 {
					expected = append(expected, value)
				}
			}
		}
		for n, client := range clients {
			if err := client.EndTransaction(ctx, kgo.TransactionEndTry((round+n)%2 == 0)); err != nil {
				return "", err
			}
		}
	}
	reached := func() bool { return stableEnd(topic) == 320 }
	if err := scenario.Until("its end is 320", reached); err != nil {
		return "", err
	}
	found, err := readCommitted(topic, len(expected))
	return "", errors.Join(err, scenario.Same("committed", found, expected))
}

// copier reads a topic in a group and writes what it reads to another, in a goroutine of its own.
type copier struct {
	session *kgo.GroupTransactSession
	into    string
	stop    context.CancelFunc
	done    chan struct{}

	mutex     sync.Mutex
	owned     int
	isLeaving bool
	err       error
}

func newCopier(id, source, into string) (*copier, error) {
	c := &copier{into: into, done: make(chan struct{})}
	count := func(by int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			c.owned += by * len(partitions[source])
		}
	}
	both, err := session(id, prefix+"-copiers", source,
		kgo.OnPartitionsAssigned(count(1)), kgo.OnPartitionsRevoked(count(-1)),
		kgo.OnPartitionsLost(count(-1)))
	if err != nil {
		return nil, err
	}
	polling, stop := context.WithCancel(ctx)
	c.session, c.stop = both, stop
	go func() {
		defer close(c.done)
		for polling.Err() == nil && c.copy(polling) {
		}
	}()
	return c, nil
}

// copy returns whether there is more to do.
func (c *copier) copy(polling context.Context) bool {
	records := c.session.PollRecords(polling, 7).Records()
	if len(records) == 0 {
		return true
	}
	err := c.session.Begin()
	for _, record := range records {
		value := []byte(strings.ToUpper(string(record.Value)))
		c.session.Produce(ctx, &kgo.Record{Topic: c.into, Value: value}, nil)
	}
	if c.locked(func() bool { return c.isLeaving }) {
		c.session.Client().Flush(ctx)
		return false
	}
	if err == nil {
		// Whether it was committed, or aborted to be read again after a rebalance, is all the same.
		_, err = c.session.End(ctx, kgo.TryCommit)
	}
	return c.locked(func() bool {
		c.err = err
		return err == nil
	})
}

func (c *copier) locked(look func() bool) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return look()
}

func (c *copier) owns(count int) bool {
	return c.locked(func() bool { return c.owned == count })
}

// leave waits until it has a transaction open if `open` is set, and leaves the group.
func (c *copier) leave(open bool) error {
	if open {
		c.locked(func() bool { c.isLeaving = true; return true })
	} else {
		c.stop()
	}
	<-c.done
	// A client that is closed would end its transaction: this one is not, it only leaves.
	if err := c.session.Client().LeaveGroupContext(ctx); err != nil && c.err == nil {
		c.err = err
	}
	return c.err
}

func copyAll() (string, error) {
	source, err := newTopic("copy-in", partitions)
	if err != nil {
		return "", err
	}
	into, err := newTopic("copy-out", 1)
	if err != nil {
		return "", err
	}
	var first, second, third *copier
	start := func(c **copier, id string) func() error {
		return func() (err error) {
			*c, err = newCopier(id, source, into)
			return err
		}
	}
	until := func(what string, isTrue func() bool) func() error {
		return func() error { return scenario.Until(what, isTrue) }
	}
	var found []string
	err = scenario.All(
		func() error { return fill(source, 0) },
		start(&first, "copier-1"),
		until("the first has all", func() bool { return first.owns(4) }),
		start(&second, "copier-2"),
		until("both have two", func() bool { return first.owns(2) && second.owns(2) }),
		func() error {
			left := make(chan error, 1)
			go func() { left <- second.leave(true) }()
			time.Sleep(100 * time.Millisecond)
			return errors.Join(fill(source, copied), <-left)
		},
		start(&third, "copier-2"),
		func() (err error) {
			found, err = readCommitted(into, 2*copied)
			return err
		},
		func() error { return errors.Join(first.leave(false), third.leave(false)) },
	)
	if err != nil {
		return "", err
	}
	var sent []string
	for n := range 2 * copied {
		sent = append(sent, fmt.Sprintf("RECORD %03d", n))
	}
	slices.Sort(found)
	told := "zombie: " + refused(second.session.Client().EndTransaction(ctx, kgo.TryCommit))
	return told, scenario.Same("each once", found, sent)
}

func fill(topic string, from int) error {
	client, err := newClient()
	if err != nil {
		return err
	}
	defer client.Close()
	var records []*kgo.Record
	for n := range copied {
		value := fmt.Appendf(nil, "record %03d", from+n)
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(n % partitions), Value: value})
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

func describe() (string, error) {
	topic, err := newTopic("describe", 1)
	if err != nil {
		return "", err
	}
	client, err := producer("describe", kgo.TransactionTimeout(54_321*time.Millisecond))
	if err != nil {
		return "", err
	}
	defer client.Close()
	id := prefix + "-describe"
	var told []string
	tell := func(what string) func() error {
		return func() error {
			found, err := admin.DescribeTransactions(ctx, id)
			if err != nil {
				return err
			}
			it := found[id]
			facts := fmt.Sprintf("%s: %s epoch %d of %d", what, it.State, it.ProducerEpoch, len(it.Topics))
			told = append(told, facts)
			return scenario.Same("timeout", it.TimeoutMillis, int32(54_321))
		}
	}
	isIn := func(state string) func() error {
		return func() error {
			return scenario.Until("it is "+state, func() bool {
				found, err := admin.DescribeTransactions(ctx, id)
				return err == nil && found[id].State == state
			})
		}
	}
	err = scenario.All(
		tell("new"),
		client.BeginTransaction,
		func() error { return send(client, topic, "a", "b") },
		tell("open"),
		func() error {
			listed, err := admin.ListTransactions(ctx, nil, []string{"Ongoing"})
			if err != nil {
				return err
			}
			told = append(told, fmt.Sprintf("ongoing: %v", slices.Contains(listed.TransactionalIDs(), id)))
			listed, err = admin.ListTransactions(ctx, nil, []string{"Empty"})
			told = append(told, fmt.Sprintf("empty: %v", slices.Contains(listed.TransactionalIDs(), id)))
			return err
		},
		func() error {
			var topics kadm.TopicsSet
			topics.Add(topic, 0)
			producers, err := admin.DescribeProducers(ctx, topics)
			if err != nil {
				return err
			}
			for _, it := range producers.SortedProducers() {
				told = append(told, fmt.Sprintf("sequence %d starts at %d", it.LastSequence, it.CurrentTxnStartOffset))
			}
			return nil
		},
		func() error { return client.EndTransaction(ctx, kgo.TryCommit) },
		isIn("CompleteCommit"),
		tell("committed"),
		func() error { return transact(client, kgo.TryAbort, topic, "c") },
		isIn("CompleteAbort"),
		tell("aborted"),
	)
	return strings.Join(told, ", "), err
}
