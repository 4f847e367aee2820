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
	headerTimeout  = 5 * time.Second
	requestTimeout = 15 * time.Second
	// The longest that a request can take. Kubernetes kills a pod 30 s after it asked the pod to stop.
	shutdownTimeout = headerTimeout + requestTimeout
	// Longer than the hour after which Envoy closes an idle connection. With a shorter timeout this side would close
	// first, and Envoy could send a request on a connection that is being closed.
	idleTimeout    = 65 * time.Minute
	maxHeaderBytes = 16 << 10
)

// Main runs a program of the chat. configure reads the environment and returns the handler and the port to serve it on.
func Main(configure func() (http.Handler, string, error)) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	handler, port, err := configure()
	if err != nil {
		Fail(err)
	}
	if err := serve(port, handler); err != nil {
		Fail(err)
	}
}

// serve listens on all addresses until SIGTERM or SIGINT. It then finishes the requests in flight and closes the
// connections. A second signal ends the process at once.
func serve(port string, handler http.Handler) error {
	stopped, restoreSignals := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer restoreSignals()
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           logged(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       idleTimeout,
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
	slog.Info("shutting down after the requests in flight")
	timeout, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(timeout); err != nil {
		return fmt.Errorf("requests were still in flight after %v: %w", shutdownTimeout, err)
	}
	return nil
}

// Fail prints an error and ends the process.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

// Healthy answers a probe.
func Healthy(response http.ResponseWriter, _ *http.Request) {
	JSON(response, http.StatusOK, map[string]string{"status": "ok"})
}

// JSON sends a document, which must be one that can be encoded.
func JSON(response http.ResponseWriter, status int, document any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	// Encoding fails only when the client is gone.
	_ = json.NewEncoder(response).Encode(document)
}
