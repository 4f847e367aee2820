package service

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEachRequestIsOneLineOfTheLogAndProbesAreLeftOut(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	server := logged(http.NotFoundHandler())
	for path, agent := range map[string]string{
		"/healthz":               "curl",
		"/messages":              "kube-probe/1.36",
		"/a%0Amsg=forged%20line": "curl",
	} {
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Header.Set("User-Agent", agent)
		server.ServeHTTP(httptest.NewRecorder(), request)
	}
	line := log.String()
	if strings.Count(line, "\n") != 1 {
		t.Errorf("the log has more than one line: %s", line)
	}
	for _, part := range []string{"method=GET", "forged line", "status=404"} {
		if !strings.Contains(line, part) {
			t.Errorf("the log lacks %s: %s", part, line)
		}
	}
}
