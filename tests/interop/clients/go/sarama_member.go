package main

import "github.com/IBM/sarama"

type saramaHandler struct{}

func (saramaHandler) Setup(session sarama.ConsumerGroupSession) error {
	var owned []int32
	for _, partitions := range session.Claims() {
		owned = append(owned, partitions...)
	}
	sayOwns(owned)
	return nil
}

func (saramaHandler) Cleanup(sarama.ConsumerGroupSession) error {
	sayOwns(nil)
	return nil
}

func (saramaHandler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for each := range claim.Messages() {
		sayRead(each.Partition, each.Offset)
		session.MarkMessage(each, "")
	}
	return nil
}

func saramaMember(m membership) error {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = commits
	config.Consumer.Group.Session.Timeout = sessionTimeout
	config.Consumer.Group.Heartbeat.Interval = heartbeats
	group, err := sarama.NewConsumerGroup([]string{m.address}, m.group, config)
	if err != nil {
		return err
	}
	// A session ends with each rebalance, and with the broker.
	for m.context.Err() == nil {
		if err := group.Consume(m.context, []string{m.topic}, saramaHandler{}); err != nil {
			println(err.Error())
		}
	}
	return group.Close()
}
