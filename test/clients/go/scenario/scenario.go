// Package scenario has what the scenario needs in every client for Go: the records, the report, the
// waiting. The scenario itself stands in ../../README.md.
package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"
)

const (
	// startMs is 2023-11-14T22:13:20Z: the time of record 0. Each record is a second after the one
	// before.
	startMs = 1_700_000_000_000
	// PerCodec is how many records are produced with each codec.
	PerCodec = 20

	deadline = 60 * time.Second
)

// Record is a record; a nil key or value is null, an empty one is not.
type Record struct {
	Offset    int64
	Timestamp int64
	Key       []byte
	Value     []byte
	Headers   map[string]string
}

// TimestampOf is the time of record n, in milliseconds.
func TimestampOf(n int) int64 {
	return startMs + int64(n)*1000
}

// Time is the time of record n.
func Time(n int) time.Time {
	return time.UnixMilli(TimestampOf(n))
}

// RecordOf is record n: keys and values that are null, empty, and not ASCII; some have headers.
func RecordOf(n int) Record {
	record := Record{Offset: int64(n), Timestamp: TimestampOf(n), Headers: map[string]string{}}
	switch {
	case n%4 == 1:
		record.Key = []byte{}
	case n%4 > 1:
		record.Key = fmt.Appendf(nil, "key-%d", n)
	}
	switch {
	case n%5 == 3 && record.Key != nil:
	case n%5 == 4:
		record.Value = []byte{}
	default:
		record.Value = []byte(strings.Repeat(fmt.Sprintf("value %d ключ漢🎉 ", n), 1+n%7))
	}
	if n%3 == 0 {
		record.Headers = map[string]string{"trace": fmt.Sprintf("id-%d", n), "empty": ""}
	}
	return record
}

// Records are records [from, to).
func Records(from, to int) []Record {
	var records []Record
	for n := from; n < to; n++ {
		records = append(records, RecordOf(n))
	}
	return records
}

// RoundOfGroup has ten values for each of four partitions: value n is for partition n % 4.
func RoundOfGroup(round int) []string {
	var values []string
	for n := range 40 {
		values = append(values, fmt.Sprintf("round %d record %02d", round, n))
	}
	return values
}

// Step does one step and prints how it ended, as a line of JSON.
func Step(name string, action func() (string, error)) {
	detail, err := action()
	result := "passed"
	if err != nil {
		result, detail = "failed", err.Error()
	}
	json.NewEncoder(os.Stdout).Encode(map[string]string{
		"step": name, "result": result, "detail": detail,
	})
}

// Same is an error unless found is as expected.
func Same(what string, found, expected any) error {
	if reflect.DeepEqual(found, expected) {
		return nil
	}
	return fmt.Errorf("%s: found %.200s, expected %.200s", what, text(found), text(expected))
}

// SameRecords says first where two lists of records part.
func SameRecords(what string, found, expected []Record) error {
	for at := range min(len(found), len(expected)) {
		where := fmt.Sprintf("%s: record %d", what, at)
		if err := Same(where, found[at], expected[at]); err != nil {
			return err
		}
	}
	return Same(what+": how many", len(found), len(expected))
}

// SameValues looks at what a group has read of three rounds, in any order: nothing lost, nothing that
// was not sent. It returns how many were read again.
func SameValues(found []string) (string, error) {
	var sent []string
	for round := range 3 {
		sent = append(sent, RoundOfGroup(round)...)
	}
	if err := Same("each value once", Distinct(found), Distinct(sent)); err != nil {
		return "", err
	}
	if again := len(found) - len(sent); again > 0 {
		return fmt.Sprintf("%d read again", again), nil
	}
	return "", nil
}

// Distinct sorts, and keeps each value once.
func Distinct(values []string) []string {
	seen := map[string]bool{}
	distinct := []string{}
	for _, value := range values {
		if !seen[value] {
			distinct = append(distinct, value)
		}
		seen[value] = true
	}
	sort.Strings(distinct)
	return distinct
}

// Until waits until it is true.
func Until(what string, isTrue func() bool) error {
	for end := time.Now().Add(deadline); !isTrue(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("waited too long: %s", what)
		}
	}
	return nil
}

// All does one thing after another, up to the first error.
func All(actions ...func() error) error {
	for _, action := range actions {
		if err := action(); err != nil {
			return err
		}
	}
	return nil
}

func text(value any) string {
	bytes, _ := json.Marshal(value)
	return string(bytes)
}
