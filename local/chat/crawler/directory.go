package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"synergychat.local/chat/internal/jsonfile"
)

// keep writes one file per keyword and title, and returns the counts of all files in the directory.
func keep(counts []count, directory string) ([]count, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	for _, count := range counts {
		if err := jsonfile.Write(filepath.Join(directory, fileName(count)), count); err != nil {
			return nil, err
		}
	}
	files, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var kept []count
	for _, file := range files {
		// A killed process can leave a temporary file, which ends differently.
		if filepath.Ext(file.Name()) != ".json" {
			continue
		}
		var read count
		if err := jsonfile.Read(filepath.Join(directory, file.Name()), &read); err != nil {
			return nil, err
		}
		kept = append(kept, read)
	}
	return kept, nil
}

// fileName returns a name like love.thequietlibrary.json. A keyword can contain a slash, so it is escaped.
func fileName(count count) string {
	title := strings.Map(func(letter rune) rune {
		if unicode.IsLetter(letter) || unicode.IsDigit(letter) {
			return unicode.ToLower(letter)
		}
		return -1
	}, count.BookTitle)
	return url.PathEscape(count.Keyword) + "." + title + ".json"
}
