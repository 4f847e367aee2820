package main

import (
	"cmp"
	"embed"
	"io/fs"
	"slices"
	"strings"
	"unicode"
)

// The first line of a text is the title of the book.
//
//go:embed texts/*.txt
var texts embed.FS

// count says how often a keyword occurs in a book. It has the field names of the public contract.
type count struct {
	Keyword   string
	BookTitle string
	Count     int
}

// countInBooks counts the keywords as whole words, in upper or lower case. Like the public crawler it returns no count
// for a book that does not contain the keyword.
func countInBooks(keywords []string) ([]count, error) {
	paths, err := fs.Glob(texts, "texts/*.txt")
	if err != nil {
		return nil, err
	}
	var counts []count
	for _, path := range paths {
		text, err := texts.ReadFile(path)
		if err != nil {
			return nil, err
		}
		title, book, _ := strings.Cut(string(text), "\n")
		words := map[string]int{}
		for _, word := range strings.FieldsFunc(strings.ToLower(book), isBetweenWords) {
			words[word]++
		}
		for _, keyword := range keywords {
			if found := words[strings.ToLower(keyword)]; found > 0 {
				counts = append(counts, count{Keyword: keyword, BookTitle: title, Count: found})
			}
		}
	}
	return counts, nil
}

func isBetweenWords(letter rune) bool {
	return !unicode.IsLetter(letter) && !unicode.IsDigit(letter) && letter != '-'
}

// filter returns counts in ascending order. keywords is a list with commas between its words. title is a part of a
// book's title, in upper or lower case. An empty argument matches all counts.
func filter(counts []count, keywords, title string) []count {
	wanted := strings.Split(keywords, ",")
	matching := []count{}
	for _, candidate := range counts {
		byKeyword := keywords == "" || slices.Contains(wanted, candidate.Keyword)
		byTitle := strings.Contains(strings.ToLower(candidate.BookTitle), strings.ToLower(title))
		if byKeyword && byTitle {
			matching = append(matching, candidate)
		}
	}
	slices.SortFunc(matching, func(a, b count) int {
		return cmp.Or(
			cmp.Compare(a.Count, b.Count),
			cmp.Compare(a.Keyword, b.Keyword),
			cmp.Compare(a.BookTitle, b.BookTitle),
		)
	})
	return matching
}
