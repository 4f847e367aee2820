// Api keeps the chat's messages. A bot answers /stats with what the crawler has counted.
package main

import (
	"fmt"
	"net/http"
	"os"

	"synergychat.local/chat/internal/service"
)

func main() { service.Main(configure) }

func configure() (http.Handler, string, error) {
	port, err := service.Port("API_PORT", "")
	if err != nil {
		return nil, "", err
	}
	crawlerURL, err := service.BaseURL("CRAWLER_BASE_URL")
	if err != nil {
		return nil, "", err
	}
	history, err := openHistory(os.Getenv("API_DB_FILEPATH"))
	if err != nil {
		return nil, "", fmt.Errorf("API_DB_FILEPATH: %w", err)
	}
	chat := &chat{history: history, crawler: crawler{baseURL: crawlerURL}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", service.Healthy)
	mux.HandleFunc("GET /messages", chat.list)
	mux.HandleFunc("POST /messages", chat.post)
	return crossOrigin(mux), port, nil
}
