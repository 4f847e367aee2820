// Package service holds what the chat's programs have in common: settings, serving, the request log and shutdown.
package service

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Port reads a TCP port from an environment variable. The variable is required if fallback is empty.
func Port(variable, fallback string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		value = fallback
	}
	if value == "" {
		return "", fmt.Errorf("%s is not set: set it to a port number from 1 to 65535", variable)
	}
	if port, err := strconv.ParseUint(value, 10, 16); err != nil || port == 0 {
		return "", fmt.Errorf("%s is %q: it must be a port number from 1 to 65535", variable, value)
	}
	return value, nil
}

// BaseURL reads a URL from an environment variable, without the slash at its end. It is empty if the variable is not
// set.
func BaseURL(variable string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", nil
	}
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", fmt.Errorf("%s is %q: it must be a URL like http://host or https://host:port", variable, value)
	}
	return strings.TrimRight(value, "/"), nil
}
