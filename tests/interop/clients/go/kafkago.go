package main

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// It waits for each call's messages, so that a call takes many of them.
const kafkaGoChunk = 10000

var kafkaGoAcks = map[string]kafka.RequiredAcks{
	"0": kafka.RequireNone, "1": kafka.RequireOne, "all": kafka.RequireAll}

var kafkaGoCodecs = map[string]kafka.Compression{
	"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}

func kafkaGoProduce(s sending) error {
	writer := &kafka.Writer{Addr: kafka.TCP(s.address), Topic: s.topic,
		Balancer: kafka.BalancerFunc(func(message kafka.Message, _ ...int) int {
			return message.WriterData.(int)
		}),
		RequiredAcks: kafkaGoAcks[s.acks], Compression: kafkaGoCodecs[s.codec],
		BatchTimeout: 10 * time.Millisecond, AllowAutoTopicCreation: true}
	var chunk []kafka.Message
	send := func() error {
		err := writer.WriteMessages(context.Background(), chunk...)
		// A topic that comes into being has no leader at first: its writer leaves that to the program.
		for errors.Is(err, kafka.LeaderNotAvailable) {
			time.Sleep(100 * time.Millisecond)
			err = writer.WriteMessages(context.Background(), chunk...)
		}
		chunk = nil
		return err
	}
	err := s.lines(func(partition int, key, value []byte) error {
		chunk = append(chunk, kafka.Message{Key: key, Value: value, WriterData: partition})
		if len(chunk) < kafkaGoChunk {
			return nil
		}
		return send()
	})
	if err == nil {
		err = send()
	}
	if closed := writer.Close(); err == nil {
		err = closed
	}
	return err
}

func kafkaGoConsumePartition(r *receiving, index int) error {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{r.address}, Topic: r.topic,
		Partition: index, MaxWait: 500 * time.Millisecond})
	defer reader.Close()
	for !r.complete(index) {
		limited, cancel := context.WithTimeout(context.Background(), idle)
		each, err := reader.ReadMessage(limited)
		cancel()
		if err != nil {
			return err
		}
		if err := r.add(index, each.Offset, each.Key, each.Value); err != nil {
			return err
		}
	}
	return nil
}

func kafkaGoConsume(r *receiving) error {
	for index := range r.due {
		if err := kafkaGoConsumePartition(r, index); err != nil {
			return err
		}
	}
	return nil
}
