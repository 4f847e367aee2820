// Package service holds what the chat's programs do alike: how they read settings, serve, log and end.
package service

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Port reads a TCP port from an environment variable. Without a default (an empty one) the variable is required.
func Port(variable, otherwise string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		value = otherwise
	}
	if value == "" {
		return "", fmt.Errorf("%s is not set: it is required, a port number from 1 to 65535", variable)
	}
	if port, err := strconv.ParseUint(value, 10, 16); err != nil || port == 0 {
		return "", fmt.Errorf("%s is %q: it must be a port number from 1 to 65535", variable, value)
	}
	return value, nil
}

// BaseURL reads the URL that paths like "/messages" can be appended to. It is "" when the variable is not set.
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
