package service

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// A rollout sends SIGTERM to a pod that still answers requests, and that Envoy still has idle connections to.
func TestSIGTERMFinishesRequestsInFlightAndClosesIdleConnections(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quick", Healthy)
	mux.HandleFunc("GET /slow", func(response http.ResponseWriter, _ *http.Request) {
		close(started)
		<-release
		Healthy(response, nil)
	})
	ended := make(chan error, 1)
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	go func() { ended <- serve(port, mux) }()
	waitUntilListening(t, address)

	idle := &http.Client{Transport: &http.Transport{}}
	response, err := idle.Get("http://" + address + "/quick")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	answered := make(chan *http.Response, 1)
	go func() {
		response, err := http.Get("http://" + address + "/slow")
		if err != nil {
			t.Error(err)
		}
		answered <- response
	}()
	<-started

	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitUntilClosed(t, address)
	select {
	case err := <-ended:
		t.Fatalf("the server ended before the request in flight did: %v", err)
	default:
	}
	close(release)
	if response := <-answered; response != nil {
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !response.Close {
			t.Errorf("the request in flight: status %d, Connection: close is %v", response.StatusCode, response.Close)
		}
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the idle connection keeps the server from ending")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func waitUntilListening(t *testing.T, address string) {
	t.Helper()
	wait(t, address+" does not listen", func() bool { return connects(address) })
}

func waitUntilClosed(t *testing.T, address string) {
	t.Helper()
	wait(t, address+" still listens", func() bool { return !connects(address) })
}

func wait(t *testing.T, failure string, done func() bool) {
	t.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(failure)
}

func connects(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
