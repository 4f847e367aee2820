package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"synergychat.local/chat/internal/service"
)

const (
	maxBodyBytes = 16 << 10
	bot          = "crawler-bot"
)

// The public program falls over these: with one message a reader sees Kubernetes put another pod in its place.
var fatalWords = []string{"heck", "darn", "fetch"}

type message struct {
	AuthorUsername string
	Text           string
}

type chat struct {
	history *history
	crawler crawler
}

func (c *chat) list(response http.ResponseWriter, request *http.Request) {
	messages := c.history.messages()
	header := response.Header()
	// Pages ask every second: as long as nothing is said, the browser's own copy is enough.
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", messages.tag)
	if request.Header.Get("If-None-Match") == messages.tag {
		response.WriteHeader(http.StatusNotModified)
		return
	}
	write(response, http.StatusOK, messages)
}

func (c *chat) post(response http.ResponseWriter, request *http.Request) {
	said, status, err := read(response, request)
	if err != nil {
		refuse(response, status, err)
		return
	}
	lower := strings.ToLower(said.Text)
	for _, word := range fatalWords {
		if strings.Contains(lower, word) {
			service.Fail(fmt.Errorf("a message says %q, which this program does not survive", word))
		}
	}
	messages, err := c.history.add(said)
	if err == nil && strings.HasPrefix(said.Text, "/stats") {
		messages, err = c.history.add(message{AuthorUsername: bot, Text: c.crawler.tell(request.Context())})
	}
	if err != nil {
		refuse(response, http.StatusInternalServerError, fmt.Errorf("the message could not be kept: %w", err))
		return
	}
	write(response, http.StatusCreated, messages)
}

func read(response http.ResponseWriter, request *http.Request) (message, int, error) {
	var said message
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return said, http.StatusRequestEntityTooLarge, fmt.Errorf("a message may have %d bytes", tooLarge.Limit)
	case err != nil:
		return said, http.StatusBadRequest, fmt.Errorf("the body could not be read: %w", err)
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return said, http.StatusBadRequest, fmt.Errorf("the body is not a message in JSON: %w", err)
	}
	if strings.TrimSpace(said.AuthorUsername) == "" || strings.TrimSpace(said.Text) == "" {
		return said, http.StatusBadRequest, errors.New("AuthorUsername and Text are required and may not be blank")
	}
	return said, http.StatusOK, nil
}

func refuse(response http.ResponseWriter, status int, err error) {
	service.JSON(response, status, map[string]string{"error": err.Error()})
}

// write sends the messages one by one: a copy of all of them for each of many readers could fill the memory.
func write(response http.ResponseWriter, status int, messages *messages) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	out := bufio.NewWriterSize(response, 32<<10)
	separator := "["
	for _, encoded := range messages.encoded {
		_, _ = out.WriteString(separator)
		_, _ = out.Write(encoded)
		separator = ","
	}
	if len(messages.encoded) == 0 {
		_, _ = out.WriteString("[")
	}
	_, _ = out.WriteString("]\n")
	// All that can fail is the connection, and then nobody is left to be told.
	_ = out.Flush()
}
