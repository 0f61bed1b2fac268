// The scenario of ../../README.md with sarama.
//
//	sarama <bootstrap> <prefix of names>
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

	"github.com/IBM/sarama"
	"sluice.clients/scenario"
)

var (
	bootstrap  = []string{os.Args[1]}
	prefix     = os.Args[2]
	data       = prefix + "-data"
	group      = prefix + "-group"
	idempotent = prefix + "-idempotent"

	codecs = []sarama.CompressionCodec{
		sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD,
	}
	total = len(codecs) * scenario.PerCodec
)

func main() {
	client, err := sarama.NewClient(bootstrap, config())
	if err != nil {
		fatal(err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		fatal(err)
	}
	defer admin.Close()
	steps := &steps{client, admin}
	scenario.Step("create topics", steps.createTopics)
	scenario.Step("produce", steps.produce)
	scenario.Step("consume by assignment", steps.consumeByAssignment)
	scenario.Step("seek by time", steps.seekByTime)
	scenario.Step("group with a rebalance", steps.groupWithRebalance)
	scenario.Step("commit and resume", steps.commitAndResume)
	scenario.Step("describe groups", steps.describeGroups)
	scenario.Step("delete records", steps.deleteRecords)
	scenario.Step("alter configs", steps.alterConfigs)
	scenario.Step("idempotent producer", steps.idempotentProducer)
	scenario.Step("delete topics", steps.deleteTopics)
}

type steps struct {
	client sarama.Client
	admin  sarama.ClusterAdmin
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = prefix
	config.Version = sarama.MaxVersion
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Consumer.MaxWaitTime = 200 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	return config
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (s *steps) createTopics() (string, error) {
	forEver := "-1"
	kept := map[string]*string{"retention.ms": &forEver}
	one := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: kept}
	four := &sarama.TopicDetail{NumPartitions: 4, ReplicationFactor: 1}
	create := func(name string, detail *sarama.TopicDetail) func() error {
		return func() error { return s.admin.CreateTopic(name, detail, false) }
	}
	if err := scenario.All(create(data, one), create(group, four), create(idempotent, one)); err != nil {
		return "", err
	}
	found, err := s.admin.DescribeTopics([]string{data, group})
	if err != nil {
		return "", err
	}
	counts := map[string]int{}
	for _, topic := range found {
		counts[topic.Name] = len(topic.Partitions)
	}
	if err := scenario.Same("partitions", counts, map[string]int{data: 1, group: 4}); err != nil {
		return "", err
	}
	again := s.admin.CreateTopic(data, one, false)
	if !errors.Is(again, sarama.ErrTopicAlreadyExists) {
		return "", fmt.Errorf("a second time: %v", again)
	}
	return "", nil
}

func (s *steps) produce() (string, error) {
	names := []string{}
	for at, codec := range codecs {
		config := config()
		config.Producer.Compression = codec
		config.Producer.RequiredAcks = sarama.WaitForAll
		from := at * scenario.PerCodec
		if err := send(config, data, scenario.Records(from, from+scenario.PerCodec)); err != nil {
			return "", fmt.Errorf("%s: %w", codec, err)
		}
		names = append(names, codec.String())
	}
	return strings.Join(names, " "), nil
}

// send produces records, and looks where they went.
func send(config *sarama.Config, topic string, records []scenario.Record) error {
	producer, err := sarama.NewSyncProducer(bootstrap, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for _, record := range records {
		message := &sarama.ProducerMessage{
			Topic: topic, Partition: 0, Timestamp: time.UnixMilli(record.Timestamp),
		}
		if record.Key != nil {
			message.Key = sarama.ByteEncoder(record.Key)
		}
		if record.Value != nil {
			message.Value = sarama.ByteEncoder(record.Value)
		}
		for key, value := range record.Headers {
			header := sarama.RecordHeader{Key: []byte(key), Value: []byte(value)}
			message.Headers = append(message.Headers, header)
		}
		messages = append(messages, message)
	}
	if err := producer.SendMessages(messages); err != nil {
		return err
	}
	for at, message := range messages {
		if err := scenario.Same("offset", message.Offset, records[at].Offset); err != nil {
			return err
		}
	}
	return nil
}

// read reads count records of partition 0, from an offset on.
func (s *steps) read(topic string, offset int64, count int) ([]scenario.Record, error) {
	consumer, err := sarama.NewConsumerFromClient(s.client)
	if err != nil {
		return nil, err
	}
	partition, err := consumer.ConsumePartition(topic, 0, offset)
	if err != nil {
		return nil, err
	}
	defer partition.Close()
	var records []scenario.Record
	timeout := time.After(60 * time.Second)
	for len(records) < count {
		select {
		case message := <-partition.Messages():
			records = append(records, plain(message))
		case err := <-partition.Errors():
			return nil, err
		case <-timeout:
			return nil, fmt.Errorf("waited too long: %d of %d records", len(records), count)
		}
	}
	return records, nil
}

func plain(message *sarama.ConsumerMessage) scenario.Record {
	headers := map[string]string{}
	for _, header := range message.Headers {
		headers[string(header.Key)] = string(header.Value)
	}
	return scenario.Record{
		Offset: message.Offset, Timestamp: message.Timestamp.UnixMilli(),
		Key: message.Key, Value: message.Value, Headers: headers,
	}
}

func (s *steps) readsAs(what, topic string, offset int64, expected []scenario.Record) error {
	found, err := s.read(topic, offset, len(expected))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return scenario.SameRecords(what, found, expected)
}

func (s *steps) consumeByAssignment() (string, error) {
	end, err := s.client.GetOffset(data, 0, sarama.OffsetNewest)
	if err != nil {
		return "", err
	}
	return "", scenario.All(
		func() error { return scenario.Same("end", end, int64(total)) },
		func() error {
			return s.readsAs("all", data, sarama.OffsetOldest, scenario.Records(0, total))
		},
		func() error { return s.readsAs("from offset 40", data, 40, scenario.Records(40, total)) },
	)
}

func (s *steps) seekByTime() (string, error) {
	offset, err := s.client.GetOffset(data, 0, scenario.TimestampOf(30)-500)
	if err != nil {
		return "", err
	}
	if err := scenario.Same("offset at the time", offset, int64(30)); err != nil {
		return "", err
	}
	return "", s.readsAs("from the time", data, offset, scenario.Records(30, total))
}

// member is one consumer of a group.
type member struct {
	sarama.ConsumerGroup
	cancel context.CancelFunc
	done   chan struct{}
	// stop says after how many records the member commits and reads no more; 0 for never.
	stop int

	mutex   sync.Mutex
	owned   int
	records []scenario.Record
	err     error
}

func join(groupID, topic string, stop int) (*member, error) {
	config := config()
	config.Consumer.Offsets.AutoCommit.Enable = stop == 0
	consumer, err := sarama.NewConsumerGroup(bootstrap, groupID, config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{ConsumerGroup: consumer, cancel: cancel, done: make(chan struct{}), stop: stop}
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			if err := consumer.Consume(ctx, []string{topic}, m); err != nil {
				m.mutex.Lock()
				m.err = err
				m.mutex.Unlock()
				return
			}
		}
	}()
	return m, nil
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.owned = 0
	for _, partitions := range session.Claims() {
		m.owned += len(partitions)
	}
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			m.mutex.Lock()
			if m.stop == 0 || len(m.records) < m.stop {
				m.records = append(m.records, plain(message))
				session.MarkMessage(message, "")
			}
			isLast := len(m.records) == m.stop
			m.mutex.Unlock()
			if isLast {
				session.Commit()
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

func (m *member) owns() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.owned
}

func (m *member) read() []scenario.Record {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.records)
}

func (m *member) values() []string {
	var values []string
	for _, record := range m.read() {
		values = append(values, string(record.Value))
	}
	return values
}

func (m *member) leave() error {
	m.cancel()
	<-m.done
	err := m.Close()
	if m.err != nil && !errors.Is(m.err, sarama.ErrClosedConsumerGroup) {
		return m.err
	}
	return err
}

func sendRound(round int) error {
	producer, err := sarama.NewSyncProducer(bootstrap, config())
	if err != nil {
		return err
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for n, value := range scenario.RoundOfGroup(round) {
		messages = append(messages, &sarama.ProducerMessage{
			Topic: group, Partition: int32(n % 4), Value: sarama.StringEncoder(value),
		})
	}
	return producer.SendMessages(messages)
}

func (s *steps) groupWithRebalance() (string, error) {
	if err := sendRound(0); err != nil {
		return "", err
	}
	first, err := join(prefix+"-members", group, 0)
	if err != nil {
		return "", err
	}
	var second *member
	count := func() int {
		values := first.values()
		if second != nil {
			values = append(values, second.values()...)
		}
		return len(scenario.Distinct(values))
	}
	err = scenario.All(
		func() error {
			return scenario.Until("the first member has all", func() bool { return first.owns() == 4 })
		},
		func() error {
			return scenario.Until("the first round is read", func() bool { return count() == 40 })
		},
		func() (err error) {
			second, err = join(prefix+"-members", group, 0)
			return err
		},
		func() error {
			return scenario.Until("both have two", func() bool {
				return first.owns() == 2 && second.owns() == 2
			})
		},
		func() error { return sendRound(1) },
		func() error {
			return scenario.Until("the second round is read", func() bool { return count() == 80 })
		},
		func() error {
			isShared := func(value string) bool { return !strings.HasPrefix(value, "round 1 ") }
			shared := slices.DeleteFunc(second.values(), isShared)
			return scenario.Same("the second member read", len(shared), 20)
		},
		func() error { return second.leave() },
		func() error {
			return scenario.Until("the first member has all again", func() bool {
				return first.owns() == 4
			})
		},
		func() error { return sendRound(2) },
		func() error {
			return scenario.Until("the third round is read", func() bool { return count() == 120 })
		},
		first.leave,
	)
	if err != nil {
		return "", err
	}
	return scenario.SameValues(append(first.values(), second.values()...))
}

func (s *steps) commitAndResume() (string, error) {
	name := prefix + "-resume"
	readPart := func(stop, count int) ([]scenario.Record, error) {
		m, err := join(name, data, stop)
		if err != nil {
			return nil, err
		}
		err = scenario.Until(fmt.Sprintf("%d records", count), func() bool { return len(m.read()) >= count })
		return m.read(), errors.Join(err, m.leave())
	}
	found, err := readPart(25, 25)
	if err != nil {
		return "", err
	}
	if err := scenario.SameRecords("first", found, scenario.Records(0, 25)); err != nil {
		return "", err
	}
	asked := map[string][]int32{data: {0}}
	offsets, err := s.admin.ListConsumerGroupOffsets(name, asked)
	if err != nil {
		return "", err
	}
	if err := scenario.Same("committed offset", offsets.GetBlock(data, 0).Offset, int64(25)); err != nil {
		return "", err
	}
	found, err = readPart(0, total-25)
	if err != nil {
		return "", err
	}
	return "", scenario.SameRecords("after it", found, scenario.Records(25, total))
}

func (s *steps) describeGroups() (string, error) {
	name := prefix + "-resume"
	isListed := func() (bool, error) {
		groups, err := s.admin.ListConsumerGroups()
		_, isThere := groups[name]
		return isThere, err
	}
	if listed, err := isListed(); err != nil || !listed {
		return "", fmt.Errorf("not listed: %v", err)
	}
	described, err := s.admin.DescribeConsumerGroups([]string{name})
	if err != nil {
		return "", err
	}
	if err := scenario.Same("state", described[0].State, "Empty"); err != nil {
		return "", err
	}
	if err := s.admin.DeleteConsumerGroup(name); err != nil {
		return "", err
	}
	if listed, err := isListed(); err != nil || listed {
		return "", fmt.Errorf("still listed: %v", err)
	}
	return "", nil
}

func (s *steps) deleteRecords() (string, error) {
	if err := s.admin.DeleteRecords(data, map[int32]int64{0: 10}); err != nil {
		return "", err
	}
	oldest, err := s.client.GetOffset(data, 0, sarama.OffsetOldest)
	if err != nil {
		return "", err
	}
	if err := scenario.Same("beginning", oldest, int64(10)); err != nil {
		return "", err
	}
	return "", s.readsAs("left", data, sarama.OffsetOldest, scenario.Records(10, total))
}

func (s *steps) alterConfigs() (string, error) {
	name := "max.message.bytes"
	legacy := func(value string) error {
		entries := map[string]*string{name: &value}
		return s.admin.AlterConfig(sarama.TopicResource, group, entries, false)
	}
	incremental := func(value string) error {
		entry := sarama.IncrementalAlterConfigsEntry{
			Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value,
		}
		entries := map[string]sarama.IncrementalAlterConfigsEntry{name: entry}
		return s.admin.IncrementalAlterConfig(sarama.TopicResource, group, entries, false)
	}
	is := func(expected string) func() error {
		return func() error {
			asked := sarama.ConfigResource{
				Type: sarama.TopicResource, Name: group, ConfigNames: []string{name},
			}
			found, err := s.admin.DescribeConfig(asked)
			if err != nil {
				return err
			}
			return scenario.Same(name, found[0].Value, expected)
		}
	}
	err := scenario.All(
		func() error { return legacy("123456") },
		is("123456"),
		func() error { return incremental("234567") },
		is("234567"),
	)
	if err != nil {
		return "", err
	}
	if incremental("many") == nil || legacy("many") == nil {
		return "", errors.New("a number that is none was not refused")
	}
	return "incremental and not", nil
}

func (s *steps) idempotentProducer() (string, error) {
	config := config()
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Flush.MaxMessages = 3
	config.Net.MaxOpenRequests = 1
	if err := send(config, idempotent, scenario.Records(0, 30)); err != nil {
		return "", err
	}
	return "", s.readsAs("all", idempotent, sarama.OffsetOldest, scenario.Records(0, 30))
}

func (s *steps) deleteTopics() (string, error) {
	names := []string{data, group, idempotent}
	for _, name := range names {
		if err := s.admin.DeleteTopic(name); err != nil {
			return "", err
		}
	}
	return "", scenario.Until("the topics are gone", func() bool {
		found, err := s.admin.ListTopics()
		return err == nil && !slices.ContainsFunc(names, func(name string) bool {
			_, isThere := found[name]
			return isThere
		})
	})
}
