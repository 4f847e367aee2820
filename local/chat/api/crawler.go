package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const crawlerTimeout = 3 * time.Second

type crawler struct {
	baseURL string
}

// answer returns the bot's reply to a message like "/stats keywords=love,hate title=Frankenstein".
func (c crawler) answer(ctx context.Context, command string) (string, error) {
	if c.baseURL == "" {
		return "There is no crawler: CRAWLER_BASE_URL is not set.", nil
	}
	address := statsURL(c.baseURL, command)
	total, err := total(ctx, address)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d matches in the books so far, by %s", total, address), nil
}

// statsURL copies the arguments of a command into the query.
func statsURL(baseURL, command string) string {
	query := url.Values{}
	for _, argument := range strings.Fields(command) {
		for _, name := range []string{"keywords", "title"} {
			if value, found := strings.CutPrefix(argument, name+"="); found {
				query.Set(name, value)
			}
		}
	}
	address := baseURL + "/stats"
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// total adds up the counts that the crawler returns.
func total(ctx context.Context, address string) (int, error) {
	// A client that leaves must not end the call: the chat would show an error although the crawler works.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), crawlerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, errors.New("its status is " + response.Status)
	}
	var counts []struct{ Count int }
	if err := json.NewDecoder(response.Body).Decode(&counts); err != nil {
		return 0, fmt.Errorf("its answer is not a list of counts: %w", err)
	}
	sum := 0
	for _, count := range counts {
		sum += count.Count
	}
	return sum, nil
}
