package main

import (
	"net/http"
	"strings"
)

// crossOrigin allows requests from the pages of all http and https sites. The page has a host of its own, and the API
// uses neither cookies nor passwords.
func crossOrigin(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		header := response.Header()
		header.Add("Vary", "Origin")
		origin := request.Header.Get("Origin")
		if strings.HasPrefix(origin, "http://") || strings.HasPrefix(origin, "https://") {
			header.Set("Access-Control-Allow-Origin", origin)
		}
		if request.Method != http.MethodOptions || request.Header.Get("Access-Control-Request-Method") == "" {
			handler.ServeHTTP(response, request)
			return
		}
		header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		response.WriteHeader(http.StatusNoContent)
	})
}
