package main

import (
	"time"

	"github.com/IBM/sarama"
)

func saramaProduce(s sending) error {
	config := sarama.NewConfig()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{"0": sarama.NoResponse,
		"1": sarama.WaitForLocal, "all": sarama.WaitForAll}[s.acks]
	if err := config.Producer.Compression.UnmarshalText([]byte(s.codec)); err != nil {
		return err
	}
	producer, err := sarama.NewAsyncProducer([]string{s.address}, config)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() {
		var first error
		for each := range producer.Errors() {
			if first == nil {
				first = each
			}
		}
		failed <- first
	}()
	err = s.lines(func(partition int, key, value []byte) error {
		producer.Input() <- &sarama.ProducerMessage{Topic: s.topic, Partition: int32(partition),
			Key: sarama.ByteEncoder(key), Value: sarama.ByteEncoder(value)}
		return nil
	})
	producer.AsyncClose()
	if first := <-failed; err == nil {
		err = first
	}
	return err
}

func saramaConsumePartition(consumer sarama.Consumer, r *receiving, index int) error {
	partition, err := consumer.ConsumePartition(r.topic, int32(index), sarama.OffsetOldest)
	if err != nil {
		return err
	}
	defer partition.Close()
	for !r.complete(index) {
		select {
		case each := <-partition.Messages():
			if err := r.add(index, each.Offset, each.Key, each.Value); err != nil {
				return err
			}
		case <-time.After(idle):
			return errIdle
		}
	}
	return nil
}

func saramaConsume(r *receiving) error {
	consumer, err := sarama.NewConsumer([]string{r.address}, sarama.NewConfig())
	if err != nil {
		return err
	}
	defer consumer.Close()
	for index := range r.due {
		if err := saramaConsumePartition(consumer, r, index); err != nil {
			return err
		}
	}
	return nil
}
