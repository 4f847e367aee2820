package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"synergychat.local/chat/internal/service"
)

const (
	maxBodyBytes = 1 << 20
	bot          = "crawler-bot"
)

// The public program ends when a message contains one of these. Readers use them to see Kubernetes restart a container.
var fatalWords = []string{"heck", "darn", "fetch"}

// message has the field names of the public contract.
type message struct {
	AuthorUsername string
	Text           string
}

type chat struct {
	history *history
	crawler crawler
}

func (c *chat) list(response http.ResponseWriter, _ *http.Request) {
	service.JSON(response, http.StatusOK, c.history.all())
}

func (c *chat) post(response http.ResponseWriter, request *http.Request) {
	var posted message
	err := json.NewDecoder(http.MaxBytesReader(response, request.Body, maxBodyBytes)).Decode(&posted)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(response, http.StatusRequestEntityTooLarge, fmt.Errorf("a message can have %d bytes", tooLarge.Limit))
		return
	}
	if err != nil {
		refuse(response, http.StatusBadRequest, fmt.Errorf("the body is not a message in JSON: %w", err))
		return
	}
	endOnFatalWord(posted.Text)
	messages, err := c.history.add(posted)
	if err == nil && strings.HasPrefix(posted.Text, "/stats") {
		answer, failure := c.crawler.answer(request.Context(), posted.Text)
		if failure != nil {
			// The public program keeps the question in this case, too.
			refuse(response, http.StatusBadRequest, fmt.Errorf("the crawler does not answer /stats: %w", failure))
			return
		}
		messages, err = c.history.add(message{AuthorUsername: bot, Text: answer})
	}
	if err != nil {
		refuse(response, http.StatusInternalServerError, fmt.Errorf("the message could not be saved: %w", err))
		return
	}
	service.JSON(response, http.StatusCreated, messages)
}

func endOnFatalWord(text string) {
	lower := strings.ToLower(text)
	for _, word := range fatalWords {
		if strings.Contains(lower, word) {
			service.Fail(fmt.Errorf("a message contains %q, which ends this program on purpose", word))
		}
	}
}

func refuse(response http.ResponseWriter, status int, err error) {
	service.JSON(response, status, map[string]string{"error": err.Error()})
}
