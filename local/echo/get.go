package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const patience = 30 * time.Second

// get is a program that ends: it writes what a URL answers to a file, or says it. What it asks may have yet to start.
func get(url string, files []string) error {
	body, err := ask(url)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); body, err = ask(url) {
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
