// The OpenTelemetry collector's own OTLP receiver as a program for tests: what it takes by HTTP is written to a file, one
// request a line, in OTLP's JSON. With -token it refuses who does not bear it, as a backend does.
//
//	otlp-receiver -listen 127.0.0.1:4318 -out spans.jsonl [-token FILE]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:4318", "address for OTLP over HTTP")
	out := flag.String("out", "", "file to append to")
	tokenFile := flag.String("token", "", "file of the bearer token that senders need")
	flag.Parse()
	if err := run(*listen, *out, *tokenFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, out, tokenFile string) error {
	file, err := os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	token := ""
	if tokenFile != "" {
		text, err := os.ReadFile(tokenFile)
		if err != nil {
			return err
		}
		token = "Bearer " + strings.TrimSpace(string(text))
	}
	marshaler := ptrace.JSONMarshaler{}
	consume, err := consumer.NewTraces(func(ctx context.Context, traces ptrace.Traces) error {
		given := client.FromContext(ctx).Metadata.Get("authorization")
		if token != "" && (len(given) != 1 || given[0] != token) {
			return status.Error(codes.Unauthenticated, "the bearer token is another one")
		}
		line, err := marshaler.MarshalTraces(traces)
		if err != nil {
			return err
		}
		_, err = file.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.GRPC = configoptional.None[configgrpc.ServerConfig]()
	http := config.Protocols.HTTP.GetOrInsertDefault()
	http.ServerConfig.NetAddr.Endpoint = listen
	http.ServerConfig.IncludeMetadata = true
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo:         component.NewDefaultBuildInfo(),
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	traces, err := factory.CreateTraces(ctx, settings, config, consume)
	if err != nil {
		return err
	}
	if err := traces.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	fmt.Println("listening")
	<-ctx.Done()
	return traces.Shutdown(context.Background())
}
