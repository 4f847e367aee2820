package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// answers returns a handler that echoes each request as JSON, except for a few paths with special behaviour.
func answers() http.Handler {
	seen := &counts{byPath: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/", echo)
	mux.HandleFunc("/status/{code}", status)
	mux.HandleFunc("/wait/{duration}", wait)
	mux.HandleFunc("/socket", socket)
	mux.HandleFunc("/variable/{name}", variable)
	mux.HandleFunc("/file/{path...}", file)
	mux.HandleFunc("/counts", seen.report)
	return seen.counted(mux)
}

func echo(response http.ResponseWriter, request *http.Request) {
	// In a pod, the host name is the name of the pod.
	pod, _ := os.Hostname()
	answer(response, http.StatusOK, map[string]any{
		"method": request.Method, "host": request.Host, "path": request.URL.Path, "headers": request.Header, "pod": pod,
	})
}

func status(response http.ResponseWriter, request *http.Request) {
	code, err := strconv.Atoi(request.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		code = http.StatusBadRequest
	}
	answer(response, code, map[string]int{"status": code})
}

func wait(response http.ResponseWriter, request *http.Request) {
	duration, err := time.ParseDuration(request.PathValue("duration"))
	if err != nil {
		answer(response, http.StatusBadRequest, err.Error())
		return
	}
	select {
	case <-time.After(duration):
		echo(response, request)
	case <-request.Context().Done():
	}
}

func variable(response http.ResponseWriter, request *http.Request) {
	value, found := os.LookupEnv(request.PathValue("name"))
	if !found {
		answer(response, http.StatusNotFound, nil)
		return
	}
	answer(response, http.StatusOK, value)
}

func file(response http.ResponseWriter, request *http.Request) {
	content, err := os.ReadFile("/" + request.PathValue("path"))
	if err != nil {
		answer(response, http.StatusNotFound, err.Error())
		return
	}
	answer(response, http.StatusOK, string(content))
}

// socket is a WebSocket that sends back each message until the client closes it.
func socket(response http.ResponseWriter, request *http.Request) {
	connection, err := websocket.Accept(response, request, nil)
	if err != nil {
		return // Accept has sent the error
	}
	defer connection.CloseNow()
	for {
		kind, message, err := connection.Read(request.Context())
		if err != nil || connection.Write(request.Context(), kind, message) != nil {
			return
		}
	}
}

// counts holds the number of requests to this process by path. Tests of mirrored requests read it.
type counts struct {
	lock   sync.Mutex
	byPath map[string]int
}

func (c *counts) counted(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		c.lock.Lock()
		c.byPath[request.URL.Path]++
		c.lock.Unlock()
		handler.ServeHTTP(response, request)
	})
}

func (c *counts) report(response http.ResponseWriter, _ *http.Request) {
	c.lock.Lock()
	defer c.lock.Unlock()
	answer(response, http.StatusOK, c.byPath)
}

func answer(response http.ResponseWriter, code int, document any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(code)
	// Only the connection can fail, and then no client is left to report it to.
	_ = json.NewEncoder(response).Encode(document)
}
