package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const timeout = 30 * time.Second

// get writes the response of a URL to a file or to standard output. It retries, as the server may still be starting.
func get(url string, files []string) error {
	body, err := ask(url)
	for end := time.Now().Add(timeout); err != nil && time.Now().Before(end); body, err = ask(url) {
		time.Sleep(time.Second / 2)
	}
	if err != nil {
		return err
	}
	if len(files) == 0 {
		_, err = os.Stdout.Write(body)
		return err
	}
	return os.WriteFile(files[0], body, 0o644)
}

func ask(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
