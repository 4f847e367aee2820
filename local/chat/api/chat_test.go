package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// start serves an API whose settings are in environment.
func start(t *testing.T, environment map[string]string) string {
	t.Helper()
	t.Setenv("API_PORT", "80")
	for name, value := range environment {
		t.Setenv(name, value)
	}
	handler, _, err := configure()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func post(url, text string) (int, []message, error) {
	body, err := json.Marshal(message{AuthorUsername: "ada", Text: text})
	if err != nil {
		return 0, nil, err
	}
	response, err := http.Post(url+"/messages", "application/json", strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	var messages []message
	if response.StatusCode == http.StatusCreated {
		err = json.NewDecoder(response.Body).Decode(&messages)
	}
	return response.StatusCode, messages, err
}

func texts(t *testing.T, url string) []string {
	t.Helper()
	response, err := http.Get(url + "/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var messages []message
	if err := json.NewDecoder(response.Body).Decode(&messages); err != nil {
		t.Fatal(err)
	}
	return textsOf(messages)
}

func textsOf(messages []message) []string {
	texts := []string{}
	for _, message := range messages {
		texts = append(texts, message.Text)
	}
	return texts
}

func TestMessagesThatArriveTogetherAreAllKeptInOneOrder(t *testing.T) {
	url := start(t, map[string]string{"API_DB_FILEPATH": t.TempDir() + "/messages.json"})
	answers := make([][]string, 80)
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for number := client; number < len(answers); number += 8 {
				status, messages, err := post(url, fmt.Sprint(number))
				if err != nil || status != http.StatusCreated {
					t.Errorf("message %d: status %d, %v", number, status, err)
				}
				answers[number] = textsOf(messages)
			}
		})
	}
	clients.Wait()
	all := texts(t, url)
	if len(all) != len(answers) {
		t.Errorf("%d messages of %d are kept", len(all), len(answers))
	}
	for number, answer := range answers {
		if len(answer) == 0 || answer[len(answer)-1] != fmt.Sprint(number) || !slices.Equal(answer, all[:len(answer)]) {
			t.Errorf("the answer to message %d is %v, which is not the list up to that message", number, answer)
		}
	}
}

func TestAMessageThatIsTooLargeIsRefused(t *testing.T) {
	url := start(t, nil)
	status, _, err := post(url, strings.Repeat("x", maxBodyBytes))
	if err != nil || status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, %v", status, err)
	}
	if kept := texts(t, url); len(kept) != 0 {
		t.Errorf("%d messages are kept", len(kept))
	}
}

func TestOnlyPagesOfWebSitesCanReadMessages(t *testing.T) {
	url := start(t, nil)
	for origin, allowed := range map[string]string{
		"http://synchat.internal":       "http://synchat.internal",
		"https://chat.example.com:8443": "https://chat.example.com:8443",
		"null":                          "",
		"file://":                       "",
		"chrome-extension://abc":        "",
	} {
		request, err := http.NewRequest(http.MethodGet, url+"/messages", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != allowed {
			t.Errorf("a page of %s: allowed is %q", origin, got)
		}
	}
}
