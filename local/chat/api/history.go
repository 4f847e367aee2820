package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"synergychat.local/chat/internal/jsonfile"
)

// A pod has 256 MiB. What is older than the last of these is forgotten.
const (
	maxMessages = 10_000
	maxBytes    = 4 << 20
)

// history is all that was said, in a file too where one is given.
type history struct {
	file    string
	process string
	writing sync.Mutex
	now     atomic.Pointer[messages]
}

// messages is the list at one moment. It never changes, so that readers need no lock.
type messages struct {
	encoded []json.RawMessage
	bytes   int
	changes int
	tag     string
}

func openHistory(file string) (*history, error) {
	h := &history{file: file, process: rand.Text()}
	var kept []message
	if file != "" {
		if err := jsonfile.Read(file, &kept); err != nil {
			return nil, err
		}
	}
	current := &messages{tag: h.tag(0)}
	for _, each := range kept {
		encoded, err := json.Marshal(each)
		if err != nil {
			return nil, err
		}
		current = h.with(current, encoded)
	}
	h.now.Store(current)
	// Now, and not at the first message: a place that can not be written shows when the program starts.
	return h, h.save(current)
}

func (h *history) messages() *messages {
	return h.now.Load()
}

// add gives the list with the message in it. A message that can not be saved is not added.
func (h *history) add(said message) (*messages, error) {
	encoded, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	h.writing.Lock()
	defer h.writing.Unlock()
	next := h.with(h.now.Load(), encoded)
	if err := h.save(next); err != nil {
		return nil, err
	}
	h.now.Store(next)
	return next, nil
}

// with shares its memory with `before`: it writes only behind that list's end, and forgets only at its beginning.
func (h *history) with(before *messages, encoded json.RawMessage) *messages {
	all := append(before.encoded, encoded)
	size := before.bytes + len(encoded)
	for len(all) > maxMessages || size > maxBytes {
		size -= len(all[0])
		all = all[1:]
	}
	changes := before.changes + 1
	return &messages{encoded: all, bytes: size, changes: changes, tag: h.tag(changes)}
}

func (h *history) save(list *messages) error {
	if h.file == "" {
		return nil
	}
	if list.encoded == nil {
		return jsonfile.Write(h.file, []json.RawMessage{})
	}
	return jsonfile.Write(h.file, list.encoded)
}

// tag is a weak one, as a proxy that compresses takes strong ones away. Another process may count the same changes.
func (h *history) tag(changes int) string {
	return fmt.Sprintf(`W/"%s-%d"`, h.process, changes)
}
