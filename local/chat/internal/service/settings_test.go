package service

import (
	"strings"
	"testing"
)

func TestPort(t *testing.T) {
	for value, valid := range map[string]bool{
		"1": true, "8080": true, "65535": true,
		"": false, "0": false, "65536": false, "http": false, "tcp://10.96.0.7:80": false,
	} {
		t.Setenv("SOME_PORT", value)
		port, err := Port("SOME_PORT", "")
		if valid && (err != nil || port != value) {
			t.Errorf("%q: %q, %v", value, port, err)
		}
		if !valid && (err == nil || !strings.HasPrefix(err.Error(), "SOME_PORT is ")) {
			t.Errorf("%q: the error is %v", value, err)
		}
	}
	t.Setenv("SOME_PORT", "")
	if port, err := Port("SOME_PORT", "8080"); err != nil || port != "8080" {
		t.Errorf("the fallback: %q, %v", port, err)
	}
}

func TestBaseURL(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "",
		"http://host":            "http://host",
		"https://host:8443/base": "https://host:8443/base",
		"http://host/":           "http://host",
	} {
		t.Setenv("SOME_URL", value)
		if got, err := BaseURL("SOME_URL"); err != nil || got != want {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
	for _, value := range []string{"synchatapi.internal", "ftp://host", "http://", "javascript:alert(1)"} {
		t.Setenv("SOME_URL", value)
		if _, err := BaseURL("SOME_URL"); err == nil || !strings.HasPrefix(err.Error(), "SOME_URL is ") {
			t.Errorf("%q: the error is %v", value, err)
		}
	}
}
