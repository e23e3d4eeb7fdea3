// The Go libraries among the clients, in one program. Arguments: the library, then
//
//	produce ADDRESS TOPIC PARTITIONS CODEC ACKS FILE
//	consume ADDRESS TOPIC FOLDER COUNT...
//	member ADDRESS TOPIC GROUP ...
//
// Line n of the file goes to partition n modulo their number, its first word is its key. What is
// consumed goes to one file per partition, up to the partition's count.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const idle = time.Minute

var errIdle = errors.New("nothing for a minute")

// What to produce, and how.
type sending struct {
	address, topic, codec, acks, path string
	partitions                        int
}

// Calls send for each line, until one fails.
func (s sending) lines(send func(partition int, key, value []byte) error) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for number := 0; scanner.Scan(); number++ {
		value := append([]byte(nil), scanner.Bytes()...)
		if err := send(number%s.partitions, firstWord(value), value); err != nil {
			return err
		}
	}
	return scanner.Err()
}

func firstWord(value []byte) []byte {
	word, _, _ := bytes.Cut(value, []byte(" "))
	return word
}

// What has come: the offsets of a partition have to follow each other from 0.
type receiving struct {
	address, topic string
	due, seen      []int64
	files          []*bufio.Writer
}

func newReceiving(address, topic, folder string, counts []string) (*receiving, error) {
	r := &receiving{address: address, topic: topic, seen: make([]int64, len(counts))}
	for index, text := range counts {
		count, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.txt", index)))
		if err != nil {
			return nil, err
		}
		r.due = append(r.due, count)
		r.files = append(r.files, bufio.NewWriter(file))
	}
	return r, nil
}

func (r *receiving) add(partition int, offset int64, key, value []byte) error {
	if offset != r.seen[partition] || !bytes.Equal(key, firstWord(value)) {
		return fmt.Errorf("partition %d: offset %d where %d is due, key %q of %.40q",
			partition, offset, r.seen[partition], key, value)
	}
	if r.complete(partition) {
		return nil
	}
	r.seen[partition]++
	r.files[partition].Write(value)
	return r.files[partition].WriteByte('\n')
}

func (r *receiving) complete(partition int) bool {
	return r.seen[partition] >= r.due[partition]
}

func (r *receiving) allComplete() bool {
	for index := range r.due {
		if !r.complete(index) {
			return false
		}
	}
	return true
}

func (r *receiving) flush() error {
	for _, file := range r.files {
		if err := file.Flush(); err != nil {
			return err
		}
	}
	return nil
}

type library struct {
	produce func(sending) error
	consume func(*receiving) error
}

var libraries = map[string]library{
	"sarama":   {saramaProduce, saramaConsume},
	"franz-go": {franzProduce, franzConsume},
	"kafka-go": {kafkaGoProduce, kafkaGoConsume},
}

func run(arguments []string) error {
	if len(arguments) < 6 {
		return errors.New("usage: LIBRARY produce|consume ADDRESS TOPIC ...")
	}
	chosen, found := libraries[arguments[0]]
	if !found {
		return fmt.Errorf("no library %q", arguments[0])
	}
	verb, address, topic, rest := arguments[1], arguments[2], arguments[3], arguments[4:]
	if verb == "member" {
		return runMember(arguments[0], address, topic, rest[0])
	}
	if verb == "consume" {
		r, err := newReceiving(address, topic, rest[0], rest[1:])
		if err == nil {
			err = chosen.consume(r)
		}
		if err != nil {
			return err
		}
		return r.flush()
	}
	partitions, err := strconv.Atoi(rest[0])
	if err != nil {
		return err
	}
	return chosen.produce(sending{address: address, topic: topic, partitions: partitions,
		codec: rest[1], acks: rest[2], path: rest[3]})
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
