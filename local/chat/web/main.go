// The chat's page: static files, and the URL at which the reader's browser finds the API.
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

// The page asks whatever API it is told of, runs only its own script, and is shown in nobody's frame.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
	"connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func main() { service.Main(configured) }

func configured() (http.Handler, string, error) {
	port, err := service.Port("WEB_PORT", "8080")
	if err != nil {
		return nil, "", err
	}
	api, err := service.BaseURL("API_URL")
	if err != nil {
		return nil, "", err
	}
	if api == "" {
		slog.Warn("API_URL is not set: the page will say that it knows no API")
	}
	return routes(api), port, nil
}

func routes(api string) http.Handler {
	// JSON is JavaScript too: no URL can end the string and become code.
	constant, err := json.Marshal(api)
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
		header.Set("Content-Security-Policy", contentSecurity)
		// A reload after the API moved must not find its old URL.
		header.Set("Cache-Control", "no-cache")
		// All that can fail is the connection, and then nobody is left to be told.
		_, _ = response.Write(content)
	}
}
