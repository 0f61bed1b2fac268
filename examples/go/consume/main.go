// Prints the values of a topic's records, one a line, from the earliest on.
//
//	go run ./consume [-bootstrap HOST:PORT] [-follow] TOPIC
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	sluicev1 "sluice.example/gen/sluice/v1"
)

const maxMessageBytes = 64 * 1024 * 1024

func main() {
	log.SetFlags(0)
	bootstrap := flag.String("bootstrap", "127.0.0.1:9094", "address of a broker")
	follow := flag.Bool("follow", false, "wait for more at the end")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: consume [-bootstrap HOST:PORT] [-follow] TOPIC")
	}
	if err := consume(context.Background(), *bootstrap, flag.Arg(0), *follow, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func consume(ctx context.Context, bootstrap, topic string, follow bool, target io.Writer) error {
	conn, err := grpc.NewClient(
		bootstrap,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
	)
	if err != nil {
		return err
	}
	defer conn.Close()
	earliest := &sluicev1.Position{
		Kind: &sluicev1.Position_Edge_{Edge: sluicev1.Position_EDGE_EARLIEST},
	}
	stream, err := sluicev1.NewFetchServiceClient(conn).Subscribe(ctx, &sluicev1.SubscribeRequest{
		Topics:   []*sluicev1.TopicSubscription{{Topic: topic, Start: earliest}},
		UntilEnd: !follow,
	})
	if err != nil {
		return err
	}
	output := bufio.NewWriter(target)
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return output.Flush()
		}
		if err != nil {
			return errors.Join(output.Flush(), err)
		}
		for _, subscribed := range response.Records {
			output.Write(subscribed.Record.Value)
			output.WriteByte('\n')
		}
		if err := output.Flush(); err != nil {
			return err
		}
	}
}
