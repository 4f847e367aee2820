// Crawler counts keywords in the books that it carries. It needs no network.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"synergychat.local/chat/internal/service"
)

func main() { service.Main(configure) }

func configure() (http.Handler, string, error) {
	port, err := service.Port("CRAWLER_PORT", "")
	if err != nil {
		return nil, "", err
	}
	keywords := split(os.Getenv("CRAWLER_KEYWORDS"))
	if len(keywords) == 0 {
		return nil, "", errors.New("CRAWLER_KEYWORDS is not set: set it to words with commas between them")
	}
	counts, err := countInBooks(keywords)
	if err != nil {
		return nil, "", err
	}
	if directory := os.Getenv("CRAWLER_DB_PATH"); directory != "" {
		if counts, err = keep(counts, directory); err != nil {
			return nil, "", fmt.Errorf("CRAWLER_DB_PATH: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", service.Healthy)
	mux.HandleFunc("GET /stats", func(response http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		service.JSON(response, http.StatusOK, filter(counts, query.Get("keywords"), query.Get("title")))
	})
	return mux, port, nil
}

func split(list string) []string {
	var keywords []string
	for item := range strings.SplitSeq(list, ",") {
		if keyword := strings.TrimSpace(item); keyword != "" {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}
