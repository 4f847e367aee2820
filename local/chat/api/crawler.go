package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	answerLimit    = 3 * time.Second
	maxAnswerBytes = 64 << 10
)

type crawler struct {
	baseURL string
}

// tell is what the bot says: the crawler's counts, or why there are none.
func (c crawler) tell(ctx context.Context) string {
	counts, err := c.counts(ctx)
	if err != nil {
		return fmt.Sprintf("Error: the crawler does not answer: %v", err)
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	slices.SortFunc(words, func(one, other string) int {
		return cmp.Or(cmp.Compare(counts[other], counts[one]), cmp.Compare(one, other))
	})
	for index, word := range words {
		words[index] = fmt.Sprintf("%s %d", word, counts[word])
	}
	return "The crawler has counted: " + strings.Join(words, ", ")
}

func (c crawler) counts(ctx context.Context) (map[string]int, error) {
	if c.baseURL == "" {
		return nil, errors.New("CRAWLER_BASE_URL is not set")
	}
	// Not ended with the caller's connection: the bot would tell everybody that the crawler is at fault.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.baseURL+"/stats", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var detailed *url.Error
		if errors.As(err, &detailed) {
			err = detailed.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its status is %s", response.Status)
	}
	var counts map[string]int
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswerBytes)).Decode(&counts); err != nil {
		return nil, fmt.Errorf("its answer is not a list of counts: %w", err)
	}
	return counts, nil
}
