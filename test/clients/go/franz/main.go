// The scenario of ../../README.md with franz-go.
//
//	franz <bootstrap> <prefix of names>
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

var (
	bootstrap  = os.Args[1]
	prefix     = os.Args[2]
	data       = prefix + "-data"
	group      = prefix + "-group"
	newer      = prefix + "-newer"
	idempotent = prefix + "-idempotent"

	names  = []string{"none", "gzip", "snappy", "lz4", "zstd"}
	codecs = []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(),
		kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
	total = len(codecs) * scenario.PerCodec
	ctx   = context.Background()
)

func main() {
	client, err := newClient()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer client.Close()
	steps := &steps{kadm.NewClient(client)}
	scenario.Step("create topics", steps.createTopics)
	scenario.Step("produce", steps.produce)
	scenario.Step("consume by assignment", steps.consumeByAssignment)
	scenario.Step("seek by time", steps.seekByTime)
	scenario.Step("group with a rebalance", func() (string, error) {
		return rebalance(group, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	})
	scenario.Step("newer group protocol", steps.newerGroupProtocol)
	scenario.Step("commit and resume", steps.commitAndResume)
	scenario.Step("describe groups", steps.describeGroups)
	scenario.Step("delete records", steps.deleteRecords)
	scenario.Step("alter configs", steps.alterConfigs)
	scenario.Step("idempotent producer", steps.idempotentProducer)
	scenario.Step("delete topics", steps.deleteTopics)
}

type steps struct {
	admin *kadm.Client
}

func newClient(options ...kgo.Opt) (*kgo.Client, error) {
	basic := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.ClientID(prefix), kgo.FetchMaxWait(200 * time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
	return kgo.NewClient(append(basic, options...)...)
}

func (s *steps) createTopics() (string, error) {
	forEver := "-1"
	kept := map[string]*string{"retention.ms": &forEver}
	if _, err := s.admin.CreateTopics(ctx, 1, 1, kept, data, idempotent); err != nil {
		return "", err
	}
	if _, err := s.admin.CreateTopics(ctx, 4, 1, nil, group, newer); err != nil {
		return "", err
	}
	// Apache Kafka answers before its own metadata has the topics.
	err := scenario.Until("one and four partitions", func() bool {
		found, err := s.admin.ListTopics(ctx, data, group)
		return err == nil && len(found[data].Partitions) == 1 && len(found[group].Partitions) == 4
	})
	if err != nil {
		return "", err
	}
	_, again := s.admin.CreateTopic(ctx, 1, 1, nil, data)
	if !errors.Is(again, kerr.TopicAlreadyExists) {
		return "", fmt.Errorf("a second time: %v", again)
	}
	return "", nil
}

func (s *steps) produce() (string, error) {
	for at, codec := range codecs {
		from := at * scenario.PerCodec
		records := scenario.Records(from, from+scenario.PerCodec)
		options := []kgo.Opt{kgo.ProducerBatchCompression(codec), kgo.DisableIdempotentWrite()}
		if err := send(data, records, options...); err != nil {
			return "", fmt.Errorf("%s: %w", names[at], err)
		}
	}
	return strings.Join(names, " "), nil
}

// send produces records to partition 0, and looks where they went.
func send(topic string, records []scenario.Record, options ...kgo.Opt) error {
	client, err := newClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	var messages []*kgo.Record
	for _, record := range records {
		message := &kgo.Record{
			Topic: topic, Key: record.Key, Value: record.Value,
			Timestamp: time.UnixMilli(record.Timestamp),
		}
		for key, value := range record.Headers {
			header := kgo.RecordHeader{Key: key, Value: []byte(value)}
			message.Headers = append(message.Headers, header)
		}
		messages = append(messages, message)
	}
	results := client.ProduceSync(ctx, messages...)
	if err := results.FirstErr(); err != nil {
		return err
	}
	for at, message := range messages {
		if err := scenario.Same("offset", message.Offset, records[at].Offset); err != nil {
			return err
		}
	}
	return nil
}

// read polls until it has count records.
func read(client *kgo.Client, count int) ([]scenario.Record, error) {
	var records []scenario.Record
	timeout, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for len(records) < count {
		fetches := client.PollRecords(timeout, count-len(records))
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d records: %w", len(records), count, err)
		}
		for _, record := range fetches.Records() {
			records = append(records, plain(record))
		}
	}
	return records, nil
}

func plain(record *kgo.Record) scenario.Record {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	return scenario.Record{
		Offset: record.Offset, Timestamp: record.Timestamp.UnixMilli(),
		Key: record.Key, Value: record.Value, Headers: headers,
	}
}

// readsAs reads partition 0 from a place on.
func readsAs(what, topic string, from kgo.Offset, expected []scenario.Record) error {
	place := map[string]map[int32]kgo.Offset{topic: {0: from}}
	client, err := newClient(kgo.ConsumePartitions(place))
	if err != nil {
		return err
	}
	defer client.Close()
	found, err := read(client, len(expected))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return scenario.SameRecords(what, found, expected)
}

func (s *steps) consumeByAssignment() (string, error) {
	start := kgo.NewOffset().AtStart()
	if err := readsAs("all", data, start, scenario.Records(0, total)); err != nil {
		return "", err
	}
	ends, err := s.admin.ListEndOffsets(ctx, data)
	if err != nil {
		return "", err
	}
	end, _ := ends.Lookup(data, 0)
	if err := scenario.Same("end", end.Offset, int64(total)); err != nil {
		return "", err
	}
	return "", readsAs("from offset 40", data, kgo.NewOffset().At(40), scenario.Records(40, total))
}

func (s *steps) seekByTime() (string, error) {
	asked := scenario.TimestampOf(30) - 500
	offsets, err := s.admin.ListOffsetsAfterMilli(ctx, asked, data)
	if err != nil {
		return "", err
	}
	found, _ := offsets.Lookup(data, 0)
	if err := scenario.Same("offset at the time", found.Offset, int64(30)); err != nil {
		return "", err
	}
	from := kgo.NewOffset().AfterMilli(asked)
	return "", readsAs("from the time", data, from, scenario.Records(30, total))
}

// member is one consumer of a group.
type member struct {
	client *kgo.Client
	cancel context.CancelFunc
	done   chan struct{}

	mutex sync.Mutex
	owned int
	read  []string
}

func groupClient(name, topic string, options ...kgo.Opt) (*kgo.Client, error) {
	basic := []kgo.Opt{
		kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.HeartbeatInterval(300 * time.Millisecond),
	}
	return newClient(append(basic, options...)...)
}

func join(topic string, options ...kgo.Opt) (*member, error) {
	m := &member{done: make(chan struct{})}
	count := func(by int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.owned += by * len(partitions[topic])
		}
	}
	more := []kgo.Opt{
		kgo.OnPartitionsAssigned(count(1)), kgo.OnPartitionsRevoked(count(-1)),
		kgo.OnPartitionsLost(count(-1)), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
	}
	client, err := groupClient(topic+"-members", topic, append(more, options...)...)
	if err != nil {
		return nil, err
	}
	polling, cancel := context.WithCancel(ctx)
	m.client, m.cancel = client, cancel
	go func() {
		defer close(m.done)
		for polling.Err() == nil {
			fetches := client.PollFetches(polling)
			m.mutex.Lock()
			for _, record := range fetches.Records() {
				m.read = append(m.read, string(record.Value))
			}
			m.mutex.Unlock()
			if !fetches.Empty() {
				client.CommitUncommittedOffsets(ctx)
			}
			client.AllowRebalance()
		}
	}()
	return m, nil
}

func (m *member) owns() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.owned
}

func (m *member) values() []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.read)
}

func (m *member) leave() {
	m.cancel()
	<-m.done
	m.client.AllowRebalance()
	m.client.Close()
}

func sendRound(topic string, round int) error {
	client, err := newClient()
	if err != nil {
		return err
	}
	defer client.Close()
	var messages []*kgo.Record
	for n, value := range scenario.RoundOfGroup(round) {
		message := &kgo.Record{Topic: topic, Partition: int32(n % 4), Value: []byte(value)}
		messages = append(messages, message)
	}
	return client.ProduceSync(ctx, messages...).FirstErr()
}

func rebalance(topic string, options ...kgo.Opt) (string, error) {
	if err := sendRound(topic, 0); err != nil {
		return "", err
	}
	first, err := join(topic, options...)
	if err != nil {
		return "", err
	}
	defer first.leave()
	var second *member
	count := func() int {
		values := first.values()
		if second != nil {
			values = append(values, second.values()...)
		}
		return len(scenario.Distinct(values))
	}
	until := func(what string, isTrue func() bool) func() error {
		return func() error { return scenario.Until(what, isTrue) }
	}
	hasAll := func() bool { return first.owns() == 4 }
	haveTwo := func() bool { return first.owns() == 2 && second.owns() == 2 }
	err = scenario.All(
		until("the first member has all", hasAll),
		until("the first round is read", func() bool { return count() == 40 }),
		func() (err error) {
			second, err = join(topic, options...)
			return err
		},
		until("both have two", haveTwo),
		func() error { return sendRound(topic, 1) },
		until("the second round is read", func() bool { return count() == 80 }),
		func() error {
			isOther := func(value string) bool { return !strings.HasPrefix(value, "round 1 ") }
			shared := slices.DeleteFunc(second.values(), isOther)
			return scenario.Same("the second member read", len(shared), 20)
		},
		func() error {
			second.leave()
			return nil
		},
		until("the first member has all again", hasAll),
		func() error { return sendRound(topic, 2) },
		until("the third round is read", func() bool { return count() == 120 }),
	)
	if err != nil {
		return "", err
	}
	return scenario.SameValues(append(first.values(), second.values()...))
}

func (s *steps) newerGroupProtocol() (string, error) {
	detail, err := rebalance(newer, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	if err != nil {
		return "", err
	}
	// It would fall back to the older protocol without a word.
	described, err := s.admin.DescribeConsumerGroups(ctx, newer+"-members")
	if err != nil {
		return "", err
	}
	found, isThere := described[newer+"-members"]
	if !isThere || found.Err != nil {
		return "", fmt.Errorf("no group of the newer protocol: %v", found.Err)
	}
	return detail, nil
}

func (s *steps) commitAndResume() (string, error) {
	name := prefix + "-resume"
	client, err := groupClient(name, data, kgo.DisableAutoCommit())
	if err != nil {
		return "", err
	}
	found, err := read(client, 25)
	if err != nil {
		return "", err
	}
	if err := scenario.SameRecords("first", found, scenario.Records(0, 25)); err != nil {
		return "", err
	}
	if err := client.CommitUncommittedOffsets(ctx); err != nil {
		return "", err
	}
	offsets, err := s.admin.FetchOffsets(ctx, name)
	if err != nil {
		return "", err
	}
	committed, _ := offsets.Lookup(data, 0)
	if err := scenario.Same("committed offset", committed.At, int64(25)); err != nil {
		return "", err
	}
	client.Close()
	if client, err = groupClient(name, data, kgo.DisableAutoCommit()); err != nil {
		return "", err
	}
	defer client.Close()
	found, err = read(client, total-25)
	if err != nil {
		return "", err
	}
	return "", scenario.SameRecords("after it", found, scenario.Records(25, total))
}

func (s *steps) describeGroups() (string, error) {
	name := prefix + "-resume"
	listed, err := s.admin.ListGroups(ctx)
	if err != nil {
		return "", err
	}
	if err := scenario.Same("listed", slices.Contains(listed.Groups(), name), true); err != nil {
		return "", err
	}
	described, err := s.admin.DescribeGroups(ctx, name)
	if err != nil {
		return "", err
	}
	if err := scenario.Same("state", described[name].State, "Empty"); err != nil {
		return "", err
	}
	if _, err := s.admin.DeleteGroup(ctx, name); err != nil {
		return "", err
	}
	if listed, err = s.admin.ListGroups(ctx); err != nil {
		return "", err
	}
	return "", scenario.Same("left", slices.Contains(listed.Groups(), name), false)
}

func (s *steps) deleteRecords() (string, error) {
	offsets := kadm.Offsets{}
	offsets.AddOffset(data, 0, 10, -1)
	deleted, err := s.admin.DeleteRecords(ctx, offsets)
	if err != nil {
		return "", err
	}
	answer, _ := deleted.Lookup(data, 0)
	if answer.Err != nil {
		return "", answer.Err
	}
	if err := scenario.Same("low watermark", answer.LowWatermark, int64(10)); err != nil {
		return "", err
	}
	start := kgo.NewOffset().AtStart()
	return "", readsAs("left", data, start, scenario.Records(10, total))
}

func (s *steps) alterConfigs() (string, error) {
	name := "max.message.bytes"
	incremental := func(value string) error {
		entries := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}
		answers, err := s.admin.AlterTopicConfigs(ctx, entries, group)
		if err != nil {
			return err
		}
		return answers[0].Err
	}
	legacy := func(value string) error {
		entries := []kadm.AlterConfig{{Name: name, Value: &value}}
		answers, err := s.admin.AlterTopicConfigsState(ctx, entries, group)
		if err != nil {
			return err
		}
		return answers[0].Err
	}
	is := func(expected string) func() error {
		return func() error {
			found, err := s.admin.DescribeTopicConfigs(ctx, group)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(found[0].Configs, func(config kadm.Config) bool {
				return config.Key == name
			})
			return scenario.Same(name, found[0].Configs[at].MaybeValue(), expected)
		}
	}
	err := scenario.All(
		func() error { return incremental("123456") },
		is("123456"),
		func() error { return legacy("234567") },
		is("234567"),
	)
	if err != nil {
		return "", err
	}
	if incremental("many") == nil {
		return "", errors.New("a number that is none was not refused")
	}
	return "incremental and not", nil
}

func (s *steps) idempotentProducer() (string, error) {
	records := scenario.Records(0, 30)
	small := []kgo.Opt{kgo.ProducerBatchMaxBytes(1024)}
	if err := send(idempotent, records, small...); err != nil {
		return "", err
	}
	// Without producer ids it would write without a word, and not idempotently.
	topic := kadm.TopicsSet{}
	topic.Add(idempotent, 0)
	producers, err := s.admin.DescribeProducers(ctx, topic)
	if err != nil {
		return "", err
	}
	known := len(producers[idempotent].Partitions[0].ActiveProducers)
	if err := scenario.Same("producers that the broker knows", known, 1); err != nil {
		return "", err
	}
	return "", readsAs("all", idempotent, kgo.NewOffset().AtStart(), records)
}

func (s *steps) deleteTopics() (string, error) {
	topics := []string{data, group, newer, idempotent}
	if _, err := s.admin.DeleteTopics(ctx, topics...); err != nil {
		return "", err
	}
	return "", scenario.Until("the topics are gone", func() bool {
		found, err := s.admin.ListTopics(ctx)
		return err == nil && !slices.ContainsFunc(topics, found.Has)
	})
}
