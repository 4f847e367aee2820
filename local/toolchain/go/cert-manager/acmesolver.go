package main

import (
	"context"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/spf13/pflag"
)

func acmesolver(ctx context.Context, arguments []string) error {
	server := solver.HTTP01Solver{}
	flags := pflag.NewFlagSet("acmesolver", pflag.ContinueOnError)
	flags.IntVar(&server.ListenPort, "listen-port", 8089, "")
	flags.StringVar(&server.Domain, "domain", "", "")
	flags.StringVar(&server.Token, "token", "", "")
	flags.StringVar(&server.Key, "key", "", "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	return server.Listen(logf.FromContext(ctx))
}
