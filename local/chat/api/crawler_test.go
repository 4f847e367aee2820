package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStatsURL(t *testing.T) {
	for command, want := range map[string]string{
		"/stats":               "http://crawler/stats",
		"/stats please":        "http://crawler/stats",
		"/stats keywords=love": "http://crawler/stats?keywords=love",
		"/stats title=Frankenstein keywords=love,hate": "http://crawler/stats?keywords=love%2Chate&title=Frankenstein",
		"/stats title=a&keywords=b":                    "http://crawler/stats?title=a%26keywords%3Db",
	} {
		if got := statsURL("http://crawler", command); got != want {
			t.Errorf("%q asks %s, want %s", command, got, want)
		}
	}
}

func TestACrawlerThatFailsIsAnErrorAndTheQuestionIsKept(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"status":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "[]", http.StatusInternalServerError) },
		"no JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no list":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"love": 1}`)) },
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"closed":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			crawler := httptest.NewServer(answer)
			defer crawler.Close()
			url := start(t, map[string]string{"CRAWLER_BASE_URL": crawler.URL})
			began := time.Now()
			status, _, err := post(url, "/stats")
			if err != nil || status != http.StatusBadRequest {
				t.Errorf("status %d, %v", status, err)
			}
			if took := time.Since(began); took > crawlerTimeout+2*time.Second {
				t.Errorf("the answer took %v", took)
			}
			if kept := texts(t, url); !slices.Equal(kept, []string{"/stats"}) {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestTheBotSaysThatNoCrawlerIsSet(t *testing.T) {
	status, messages, err := post(start(t, nil), "/stats")
	if err != nil || status != http.StatusCreated || len(messages) != 2 {
		t.Fatalf("status %d, %v, %v", status, messages, err)
	}
	if answer := messages[1]; answer.AuthorUsername != bot || !strings.Contains(answer.Text, "CRAWLER_BASE_URL") {
		t.Errorf("the bot's message is %v", answer)
	}
}
