// Web serves the chat's page: static files, and the URL at which the browser finds the API.
package main

import (
	_ "embed"
	"encoding/json"
	"log/slog"
	"net/http"

	"synergychat.local/chat/internal/service"
)

var (
	//go:embed page/index.html
	page []byte
	//go:embed page/style.css
	style []byte
	//go:embed page/app.js
	script []byte
)

// The page runs only its own script, calls any API, and cannot be shown in a frame.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
	"connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func main() { service.Main(configure) }

func configure() (http.Handler, string, error) {
	port, err := service.Port("WEB_PORT", "8080")
	if err != nil {
		return nil, "", err
	}
	apiURL, err := service.BaseURL("API_URL")
	if err != nil {
		return nil, "", err
	}
	if apiURL == "" {
		slog.Warn("API_URL is not set: the page loads, but nobody can chat")
	}
	return routes(apiURL), port, nil
}

func routes(apiURL string) http.Handler {
	// A string in JSON is a string in JavaScript, too: no URL can end it and become code.
	constant, err := json.Marshal(apiURL)
	if err != nil {
		service.Fail(err)
	}
	application := append([]byte("const API_URL = "+string(constant)+";\n"), script...)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", static("text/html; charset=utf-8", page))
	mux.HandleFunc("GET /style.css", static("text/css; charset=utf-8", style))
	mux.HandleFunc("GET /app.js", static("text/javascript; charset=utf-8", application))
	return mux
}

func static(contentType string, content []byte) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) {
		header := response.Header()
		header.Set("Content-Type", contentType)
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		// When API_URL changes, a reload of the page must get the new one.
		header.Set("Cache-Control", "no-cache")
		// Writing fails only when the client is gone.
		_, _ = response.Write(content)
	}
}
