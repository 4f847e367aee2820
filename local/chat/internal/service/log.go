package service

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// logged writes one line per request. Probes come every few seconds and would hide what people do: they are left out.
func logged(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("X-Content-Type-Options", "nosniff")
		if request.URL.Path == "/healthz" || strings.HasPrefix(request.UserAgent(), "kube-probe/") {
			handler.ServeHTTP(response, request)
			return
		}
		began := time.Now()
		answer := &recorded{ResponseWriter: response, status: http.StatusOK}
		handler.ServeHTTP(answer, request)
		slog.Info("request", "method", request.Method, "path", request.URL.Path, "status", answer.status,
			"bytes", answer.bytes, "took", time.Since(began).Round(10*time.Microsecond))
	})
}

type recorded struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorded) Write(part []byte) (int, error) {
	written, err := r.ResponseWriter.Write(part)
	r.bytes += written
	return written, err
}
