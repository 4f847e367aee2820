package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCountsOfEarlierRunsAreKept(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "made", "at", "start")
	first, second := count{"love", "The Quiet Library", 2}, count{"and/or", "Dracula", 1}
	if _, err := keep([]count{first}, directory); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "hate.dracula.json.part"), []byte(`{"Key`), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := keep([]count{second}, directory)
	if err != nil || len(kept) != 2 || !slices.Contains(kept, first) || !slices.Contains(kept, second) {
		t.Errorf("kept %v, %v", kept, err)
	}
	text, err := os.ReadFile(filepath.Join(directory, "love.thequietlibrary.json"))
	if err != nil || string(text) != `{"Keyword":"love","BookTitle":"The Quiet Library","Count":2}`+"\n" {
		t.Errorf("the file has %s, %v", text, err)
	}
}

func TestADamagedFileIsNamed(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "love.dracula.json")
	if err := os.WriteFile(file, []byte(`{"Keyword": "lo`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CRAWLER_PORT", "80")
	t.Setenv("CRAWLER_KEYWORDS", "love")
	t.Setenv("CRAWLER_DB_PATH", directory)
	if _, _, err := configure(); err == nil || !strings.HasPrefix(err.Error(), "CRAWLER_DB_PATH: "+file+" is damaged") {
		t.Errorf("the error is %v", err)
	}
}
