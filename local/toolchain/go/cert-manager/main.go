// cert-manager's components in one binary, chosen by the first argument. Upstream's own main packages are modules
// that no proxy serves: these start the same packages, without leader election, metrics and profiling.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

var components = map[string]func(context.Context, []string) error{
	"acmesolver": acmesolver,
	"cainjector": cainjector,
	"controller": controller,
	"webhook":    webhook,
}

func main() {
	if len(os.Args) < 2 || components[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: cert-manager acmesolver|cainjector|controller|webhook [FLAG ...]")
		os.Exit(2)
	}
	logf.InitLogs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := components[os.Args[1]](logf.NewContext(ctx, logf.Log, os.Args[1]), os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
