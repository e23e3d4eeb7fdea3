package main

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

func franzMember(m membership) error {
	owned := map[int32]bool{}
	changed := func(now bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			for _, each := range partitions[m.topic] {
				owned[each] = now
			}
			var all []int32
			for each, mine := range owned {
				if mine {
					all = append(all, each)
				}
			}
			sayOwns(all)
		}
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(m.address), kgo.ConsumerGroup(m.group), kgo.ConsumeTopics(m.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(sessionTimeout),
		kgo.HeartbeatInterval(heartbeats), kgo.AutoCommitInterval(commits), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(changed(true)), kgo.OnPartitionsRevoked(changed(false)),
		kgo.OnPartitionsLost(changed(false)))
	if err != nil {
		return err
	}
	for m.context.Err() == nil {
		fetches := client.PollFetches(m.context)
		fetches.EachRecord(func(each *kgo.Record) { sayRead(each.Partition, each.Offset) })
		client.AllowRebalance()
	}
	if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
		return err
	}
	client.Close()
	return nil
}
