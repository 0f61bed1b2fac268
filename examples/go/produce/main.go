// Sends each line of the standard input as a record.
//
//	go run ./produce [-bootstrap HOST:PORT] TOPIC < FILE
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	sluicev1 "sluice.example/gen/sluice/v1"
)

const (
	recordsPerRequest = 500
	maxLineBytes      = 1024 * 1024
)

func main() {
	log.SetFlags(0)
	bootstrap := flag.String("bootstrap", "127.0.0.1:9094", "address of a broker")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: produce [-bootstrap HOST:PORT] TOPIC < FILE")
	}
	stored, err := produce(context.Background(), *bootstrap, flag.Arg(0), os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d records are stored in %s\n", stored, flag.Arg(0))
}

// produce sends on one goroutine and reads the acknowledgements on another, so that requests do not
// wait for each other.
func produce(ctx context.Context, bootstrap, topic string, lines io.Reader) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := grpc.NewClient(bootstrap, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stream, err := sluicev1.NewProduceServiceClient(conn).PublishStream(ctx)
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() {
		err := send(stream, topic, lines)
		if err != nil && !errors.Is(err, io.EOF) { // io.EOF: the reason comes from Recv
			cancel()
		}
		sent <- err
	}()
	stored, err := acknowledged(stream)
	if sendErr := <-sent; err == nil || ctx.Err() != nil {
		if sendErr != nil && !errors.Is(sendErr, io.EOF) {
			return stored, sendErr
		}
	}
	return stored, err
}

func send(stream sluicev1.ProduceService_PublishStreamClient, topic string, lines io.Reader) error {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(make([]byte, 64*1024), maxLineBytes)
	request := &sluicev1.PublishStreamRequest{Topic: topic, Acks: sluicev1.Acks_ACKS_ALL}
	flush := func() error {
		if len(request.Records) == 0 {
			return nil
		}
		if err := stream.Send(request); err != nil {
			return err
		}
		request = &sluicev1.PublishStreamRequest{
			Number: request.Number + 1,
			Topic:  topic,
			Acks:   sluicev1.Acks_ACKS_ALL,
		}
		return nil
	}
	for scanner.Scan() {
		value := append([]byte{}, scanner.Bytes()...) // the scanner uses its memory again
		record := &sluicev1.Record{Value: value}
		request.Records = append(request.Records, &sluicev1.PublishRecord{Record: record})
		if len(request.Records) == recordsPerRequest {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return stream.CloseSend()
}

func acknowledged(stream sluicev1.ProduceService_PublishStreamClient) (int, error) {
	stored := 0
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stored, nil
		}
		if err != nil {
			return stored, err
		}
		if response.Error != nil {
			return stored, fmt.Errorf("%s: %s", response.Error.Reason, response.Error.Message)
		}
		for _, published := range response.Records {
			if published.Error != nil {
				return stored, fmt.Errorf("%s: %s", published.Error.Reason, published.Error.Message)
			}
			stored++
		}
	}
}
