package main

import (
	"context"
	"errors"

	"github.com/segmentio/kafka-go"
)

// It doesn't tell what it owns.
func kafkaGoMember(m membership) error {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{m.address}, Topic: m.topic, GroupID: m.group,
		SessionTimeout: sessionTimeout, HeartbeatInterval: heartbeats, StartOffset: kafka.FirstOffset,
		MaxWait: commits})
	for {
		each, err := reader.ReadMessage(m.context)
		if errors.Is(err, context.Canceled) {
			return reader.Close()
		}
		if err != nil {
			println(err.Error())
			continue
		}
		sayRead(int32(each.Partition), each.Offset)
	}
}
