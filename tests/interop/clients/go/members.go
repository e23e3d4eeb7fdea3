package main

import (
	"context"
	"fmt"
	"os/signal"
	"sort"
	"sync"
	"syscall"
	"time"
)

// What a member of a group of any library needs; it ends with the context, by SIGTERM.
type membership struct {
	context               context.Context
	address, topic, group string
}

const (
	sessionTimeout = 6 * time.Second
	heartbeats     = time.Second
	commits        = 500 * time.Millisecond
)

var printing sync.Mutex

func sayRead(partition int32, offset int64) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Println("read", partition, offset)
}

func sayOwns(partitions []int32) {
	printing.Lock()
	defer printing.Unlock()
	sort.Slice(partitions, func(a, b int) bool { return partitions[a] < partitions[b] })
	fmt.Print("owns")
	for _, each := range partitions {
		fmt.Print(" ", each)
	}
	fmt.Println()
}

var members = map[string]func(membership) error{
	"sarama":   saramaMember,
	"franz-go": franzMember,
	"kafka-go": kafkaGoMember,
}

func runMember(library, address, topic, group string) error {
	member, found := members[library]
	if !found {
		return fmt.Errorf("no library %q", library)
	}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return member(membership{ended, address, topic, group})
}
