package main

import (
	"os"
	"path/filepath"
	"slices"
	"sync"

	"synergychat.local/chat/internal/jsonfile"
)

// history holds all messages, and keeps them in a file if there is one.
type history struct {
	file     string
	mutex    sync.Mutex
	messages []message
}

func openHistory(file string) (*history, error) {
	h := &history{file: file, messages: []message{}}
	if file == "" {
		return h, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	if err := jsonfile.Read(file, &h.messages); err != nil {
		return nil, err
	}
	// Save at once: a file that cannot be written then stops the program at its start, not at the first message.
	return h, jsonfile.Write(file, h.messages)
}

// all returns the messages so far. Later messages do not change the list that it returned.
func (h *history) all() []message {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.Clip(h.messages)
}

// add returns the list with the new message at its end. A message that cannot be saved is not added.
func (h *history) add(posted message) ([]message, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	messages := append(h.messages, posted)
	if h.file != "" {
		if err := jsonfile.Write(h.file, messages); err != nil {
			return nil, err
		}
	}
	h.messages = messages
	return slices.Clip(messages), nil
}
