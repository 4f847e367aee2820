package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestKeywordsAreCountedAsWholeWordsInUpperAndLowerCase(t *testing.T) {
	counts, err := countInBooks([]string{"Love", "joy", "lov", "disgust"})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := texts.ReadDir("texts")
	if err != nil {
		t.Fatal(err)
	}
	var want []count
	for _, entry := range entries {
		text, err := texts.ReadFile("texts/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		title, book, _ := strings.Cut(string(text), "\n\n")
		for _, keyword := range []string{"Love", "joy"} {
			if found := len(regexp.MustCompile(`(?i)\b`+keyword+`\b`).FindAllString(book, -1)); found > 0 {
				want = append(want, count{keyword, title, found})
			}
		}
	}
	if !slices.Equal(counts, want) || len(want) < 4 {
		t.Errorf("counted %v, want %v", counts, want)
	}
}

func TestFilter(t *testing.T) {
	hate := count{"hate", "Dracula", 42}
	dracula, monster := count{"love", "Dracula", 7}, count{"love", "Frankenstein; Or, The Modern Prometheus", 17}
	all := []count{hate, dracula, monster}
	for _, test := range []struct {
		keywords, title string
		want            []count
	}{
		{"", "", []count{dracula, monster, hate}},
		{"love", "", []count{dracula, monster}},
		{"hate,love", "", []count{dracula, monster, hate}},
		{"", "frankenstein", []count{monster}},
		{"hate,love", "DRAC", []count{dracula, hate}},
		{"hate", "Frankenstein", []count{}},
		{"lov", "", []count{}},
	} {
		if got := filter(all, test.keywords, test.title); got == nil || !slices.Equal(got, test.want) {
			t.Errorf("keywords=%s title=%s: %v, want %v", test.keywords, test.title, got, test.want)
		}
	}
}

func TestKeywordsAreRequired(t *testing.T) {
	t.Setenv("CRAWLER_PORT", "80")
	for _, keywords := range []string{"", " , ,"} {
		t.Setenv("CRAWLER_KEYWORDS", keywords)
		if _, _, err := configure(); err == nil || !strings.HasPrefix(err.Error(), "CRAWLER_KEYWORDS ") {
			t.Errorf("%q: the error is %v", keywords, err)
		}
	}
}
