package main

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Its default is an idempotent producer, which asks for acks=all.
var franzAcks = map[string][]kgo.Opt{
	"0":   {kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()},
	"1":   {kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()},
	"all": nil,
}

var franzCodecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func franzProduce(s sending) error {
	options := append([]kgo.Opt{kgo.SeedBrokers(s.address), kgo.AllowAutoTopicCreation(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		// Else a batch has the few records that are there, which are seldom made smaller.
		kgo.ProducerLinger(20 * time.Millisecond),
		kgo.ProducerBatchCompression(franzCodecs[s.codec])}, franzAcks[s.acks]...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	var lock sync.Mutex
	var first error
	told := func(_ *kgo.Record, err error) {
		lock.Lock()
		defer lock.Unlock()
		if first == nil {
			first = err
		}
	}
	background := context.Background()
	err = s.lines(func(partition int, key, value []byte) error {
		client.Produce(background, &kgo.Record{Topic: s.topic, Partition: int32(partition),
			Key: key, Value: value}, told)
		return nil
	})
	if err == nil {
		err = client.Flush(background)
	}
	lock.Lock()
	defer lock.Unlock()
	if err == nil {
		err = first
	}
	return err
}

func franzPoll(client *kgo.Client, r *receiving) error {
	limited, cancel := context.WithTimeout(context.Background(), idle)
	defer cancel()
	fetches := client.PollFetches(limited)
	if err := fetches.Err(); err != nil {
		return err
	}
	for records := fetches.RecordIter(); !records.Done(); {
		each := records.Next()
		if err := r.add(int(each.Partition), each.Offset, each.Key, each.Value); err != nil {
			return err
		}
	}
	return nil
}

func franzConsume(r *receiving) error {
	partitions := map[int32]kgo.Offset{}
	for index := range r.due {
		partitions[int32(index)] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(r.address),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: partitions}))
	if err != nil {
		return err
	}
	defer client.Close()
	for !r.allComplete() {
		if err := franzPoll(client, r); err != nil {
			return err
		}
	}
	return nil
}
