package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is the API itself in the processes that startProcess starts.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_RUNS_API") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func startProcess(t *testing.T, file string) (*exec.Cmd, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	process := exec.Command(os.Args[0])
	_, port, _ := net.SplitHostPort(address)
	process.Env = []string{"TEST_RUNS_API=1", "API_PORT=" + port, "API_DB_FILEPATH=" + file}
	var output bytes.Buffer
	process.Stdout, process.Stderr = &output, &output
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	for range 500 {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return process, "http://" + address
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	t.Fatalf("nothing listens on %s: %s", address, output.String())
	return nil, ""
}

func TestNoAnsweredMessageIsLostWhenTheProcessIsKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "messages.json")
	process, url := startProcess(t, file)
	var mutex sync.Mutex
	var answered []string
	enough := make(chan struct{})
	var clients sync.WaitGroup
	for client := range 4 {
		clients.Go(func() {
			for number := 0; ; number++ {
				text := string(rune('a'+client)) + strings.Repeat("x", number)
				status, _, err := post(url, text)
				if err != nil || status != http.StatusCreated {
					return
				}
				mutex.Lock()
				answered = append(answered, text)
				if len(answered) == 50 {
					close(enough)
				}
				mutex.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(20 * time.Second):
		t.Error("50 messages take more than 20 s")
	}
	_ = process.Process.Kill()
	clients.Wait()

	_, url = startProcess(t, file)
	kept := texts(t, url)
	for _, text := range answered {
		if !slices.Contains(kept, text) {
			t.Errorf("the message %s was answered, and is lost", text)
		}
	}
}

func TestATemporaryFileOfAKilledProcessIsReplaced(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "messages.json")
	if err := os.WriteFile(file+".part", []byte(`[{"AuthorUsername": "aaaaaaaaaaaaaaaaaa`), 0o600); err != nil {
		t.Fatal(err)
	}
	url := start(t, map[string]string{"API_DB_FILEPATH": file})
	if _, _, err := post(url, "whole"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != `[{"AuthorUsername":"ada","Text":"whole"}]`+"\n" {
		t.Errorf("the file has %s, %v", text, err)
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

func TestADamagedFileIsNamedAndLeftUnchanged(t *testing.T) {
	for _, text := range []string{"", `[{"AuthorUsername": "ada", "Te`, `{"AuthorUsername": "ada", "Text": "hello"}`} {
		file := filepath.Join(t.TempDir(), "messages.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openHistory(file); err == nil || !strings.Contains(err.Error(), file+" is damaged") {
			t.Errorf("%q: the error is %v", text, err)
		}
		if after, err := os.ReadFile(file); err != nil || string(after) != text {
			t.Errorf("%q became %q, %v", text, after, err)
		}
	}
}

func TestAFileThatCannotBeWrittenStopsTheProgramAtItsStart(t *testing.T) {
	directory := t.TempDir()
	// A directory at the path of the temporary file: not even root can write there.
	if err := os.Mkdir(filepath.Join(directory, "messages.json.part"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("API_PORT", "80")
	t.Setenv("API_DB_FILEPATH", filepath.Join(directory, "messages.json"))
	if _, _, err := configure(); err == nil || !strings.HasPrefix(err.Error(), "API_DB_FILEPATH: ") {
		t.Errorf("the error is %v", err)
	}
}

func TestAMessageThatCannotBeSavedIsNotAdded(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "made", "at", "start")
	url := start(t, map[string]string{"API_DB_FILEPATH": filepath.Join(directory, "messages.json")})
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	if status, _, err := post(url, "lost"); err != nil || status != http.StatusInternalServerError {
		t.Errorf("status %d, %v", status, err)
	}
	if kept := texts(t, url); len(kept) != 0 {
		t.Errorf("kept: %v", kept)
	}
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, messages, err := post(url, "kept"); err != nil || !slices.Equal(textsOf(messages), []string{"kept"}) {
		t.Errorf("the answer is %v, %v", messages, err)
	}
}
