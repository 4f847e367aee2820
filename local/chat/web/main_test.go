package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, apiURL, path string) *httptest.ResponseRecorder {
	t.Helper()
	t.Setenv("API_URL", apiURL)
	handler, _, err := configure()
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, path, nil))
	return response
}

func TestThePortIs8080UnlessOneIsSet(t *testing.T) {
	t.Setenv("WEB_PORT", "")
	if _, port, err := configure(); err != nil || port != "8080" {
		t.Errorf("port %s, %v", port, err)
	}
}

func TestNoURLOfTheAPICanBecomeCode(t *testing.T) {
	for _, url := range []string{
		`http://api.internal/";alert(1);x`,
		"http://api.internal/</script>",
		"http://api.internal/\u2028'`${1}\\",
	} {
		constant, _, _ := strings.Cut(get(t, url, "/app.js").Body.String(), "\n")
		value := strings.TrimSuffix(strings.TrimPrefix(constant, "const API_URL = "), ";")
		var got string
		if err := json.Unmarshal([]byte(value), &got); err != nil || got != url || strings.Contains(value, "</script") {
			t.Errorf("%s became %s, %v", url, value, err)
		}
	}
}

func TestThePageRunsUnderItsContentSecurityPolicy(t *testing.T) {
	page := get(t, "http://api.internal", "/")
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") {
		t.Errorf("the policy is %q", policy)
	}
	if inline := regexp.MustCompile(`<script>|<style|\son\w+=|\sstyle=`).FindString(page.Body.String()); inline != "" {
		t.Errorf("the policy forbids %s", inline)
	}
	files := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	types := map[string]string{"/style.css": "text/css", "/app.js": "text/javascript"}
	for _, file := range files {
		got := get(t, "http://api.internal", file[1])
		// With nosniff, a browser runs a script only with its own content type.
		if want := types[file[1]]; got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), want) {
			t.Errorf("%s: status %d, %s", file[1], got.Code, got.Header().Get("Content-Type"))
		}
	}
	if len(files) != len(types) {
		t.Errorf("the page has %v", files)
	}
}
