package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	headerLimit  = 5 * time.Second
	requestLimit = 15 * time.Second
	// No request lives longer than this, and Kubernetes kills a pod 30 s after it asked it to end.
	shutdownLimit = headerLimit + requestLimit
	// Longer than the hour after which Envoy drops an idle connection: were it shorter, a request could meet a
	// connection that is just being closed here.
	idleLimit      = 65 * time.Minute
	maxHeaderBytes = 16 << 10
)

// Main is a program of the chat: what `configured` reads from its environment is served on the port that it names.
func Main(configured func() (http.Handler, string, error)) {
	handler, port, err := configured()
	if err != nil {
		Fail(err)
	}
	if err := serve(port, handler); err != nil {
		Fail(err)
	}
}

// serve answers on every address of the machine until SIGTERM or SIGINT. Requests in flight are then finished, and
// connections closed; a second signal ends the process at once.
func serve(port string, handler http.Handler) error {
	stopped, restoreSignals := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer restoreSignals()
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	server := &http.Server{
		Handler:           logged(handler),
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       requestLimit,
		WriteTimeout:      requestLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("listening", "port", port)

	select {
	case err := <-failed:
		return err
	case <-stopped.Done():
	}
	restoreSignals()
	slog.Info("ending as asked: requests in flight are finished first")
	limit, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("requests were still in flight after %v: %w", shutdownLimit, err)
	}
	return nil
}

// Fail ends the process with what is wrong on stderr.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

// Healthy answers a probe.
func Healthy(response http.ResponseWriter, _ *http.Request) {
	JSON(response, http.StatusOK, map[string]string{"status": "ok"})
}

// JSON answers with a document that can always be encoded.
func JSON(response http.ResponseWriter, status int, document any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	// All that can fail is the connection, and then nobody is left to be told.
	_ = json.NewEncoder(response).Encode(document)
}
