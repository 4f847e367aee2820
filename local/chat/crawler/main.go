// The chat's crawler: how often its keywords stand in the texts that it carries. It asks nothing of any network.
package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"strings"
	"unicode"

	"synergychat.local/chat/internal/jsonfile"
	"synergychat.local/chat/internal/service"
)

//go:embed texts/*.txt
var texts embed.FS

func main() { service.Main(configured) }

func configured() (http.Handler, string, error) {
	port, err := service.Port("CRAWLER_PORT", "")
	if err != nil {
		return nil, "", err
	}
	keywords := split(os.Getenv("CRAWLER_KEYWORDS"))
	if len(keywords) == 0 {
		return nil, "", errors.New("CRAWLER_KEYWORDS is not set: it is required, words with commas between them")
	}
	counts, err := stats(keywords, os.Getenv("CRAWLER_DB_PATH"))
	if err != nil {
		return nil, "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", service.Healthy)
	mux.HandleFunc("GET /stats", func(response http.ResponseWriter, _ *http.Request) {
		service.JSON(response, http.StatusOK, counts)
	})
	return mux, port, nil
}

func split(list string) []string {
	var keywords []string
	for each := range strings.SplitSeq(strings.ToLower(list), ",") {
		if keyword := strings.TrimSpace(each); keyword != "" {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}

// stats counts what `file` has no count for yet, and keeps all counts there where one is given.
func stats(keywords []string, file string) (map[string]int, error) {
	known := map[string]int{}
	if file != "" {
		if err := jsonfile.Read(file, &known); err != nil {
			return nil, fmt.Errorf("CRAWLER_DB_PATH: %w", err)
		}
	}
	words, err := count()
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(keywords))
	all := map[string]int{}
	maps.Copy(all, known)
	for _, keyword := range keywords {
		if _, counted := all[keyword]; !counted {
			all[keyword] = words[keyword]
		}
		counts[keyword] = all[keyword]
	}
	if file != "" {
		if err := jsonfile.Write(file, all); err != nil {
			return nil, fmt.Errorf("CRAWLER_DB_PATH: %w", err)
		}
	}
	return counts, nil
}

func count() (map[string]int, error) {
	words := map[string]int{}
	paths, err := fs.Glob(texts, "texts/*.txt")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := texts.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for _, word := range strings.FieldsFunc(strings.ToLower(string(text)), isBetweenWords) {
			words[word]++
		}
	}
	return words, nil
}

func isBetweenWords(letter rune) bool {
	return !unicode.IsLetter(letter) && !unicode.IsDigit(letter) && letter != '-'
}
