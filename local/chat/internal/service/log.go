package service

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// logged writes one line per request. It leaves out probes, which come every few seconds and would hide what users do.
func logged(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("X-Content-Type-Options", "nosniff")
		if request.URL.Path == "/healthz" || strings.HasPrefix(request.UserAgent(), "kube-probe/") {
			handler.ServeHTTP(response, request)
			return
		}
		start := time.Now()
		recorder := &recorder{ResponseWriter: response, status: http.StatusOK}
		handler.ServeHTTP(recorder, request)
		slog.Info("request", "method", request.Method, "path", request.URL.Path, "status", recorder.status,
			"bytes", recorder.bytes, "took", time.Since(start).Round(10*time.Microsecond))
	})
}

type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(part []byte) (int, error) {
	written, err := r.ResponseWriter.Write(part)
	r.bytes += written
	return written, err
}
