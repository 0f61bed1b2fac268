// Prints the values of a topic's records, one a line, and shares them with all who run it for the same
// group: each partition has one of them, and whoever comes later goes on where the group left off.
//
//	go run ./group [-bootstrap HOST:PORT] [-count RECORDS] GROUP TOPIC
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	sluicev1 "sluice.example/gen/sluice/v1"
)

func main() {
	log.SetFlags(0)
	bootstrap := flag.String("bootstrap", "127.0.0.1:9094", "address of a broker")
	count := flag.Int("count", 0, "stop after so many records, or a few more; 0 goes on for ever")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("usage: group [-bootstrap HOST:PORT] [-count RECORDS] GROUP TOPIC")
	}
	conn, err := grpc.NewClient(*bootstrap, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := consume(conn, flag.Arg(0), flag.Arg(1), *count); err != nil {
		log.Fatal(err)
	}
}

func consume(conn *grpc.ClientConn, group, topic string, count int) error {
	stream, err := sluicev1.NewGroupServiceClient(conn).Session(context.Background())
	if err != nil {
		return err
	}
	session := &sluicev1.OpenSession{
		GroupId:      group,
		Subscription: &sluicev1.GroupSubscription{Topics: []string{topic}},
	}
	open := &sluicev1.SessionRequest_Open{Open: session}
	if err := stream.Send(&sluicev1.SessionRequest{Command: open}); err != nil {
		return err
	}
	for seen := 0; ; {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		message := response.GetRecords()
		if message == nil || (count > 0 && seen >= count) {
			continue // news of partitions, or records that somebody else will get
		}
		for _, received := range message.Records {
			fmt.Printf("%s\n", received.Record.Value)
		}
		// Done with them: the broker commits, and sends on. Recv tells when the stream is broken.
		ack := &sluicev1.SessionRequest_Ack{Ack: &sluicev1.AcknowledgeRecords{Sequence: message.Sequence}}
		_ = stream.Send(&sluicev1.SessionRequest{Command: ack})
		if seen += len(message.Records); count > 0 && seen >= count {
			_ = stream.CloseSend() // nothing more to say: the broker ends the call
		}
	}
}
