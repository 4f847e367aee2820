package jsonfile

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestAReaderNeverSeesHalfADocument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	long := slices.Repeat([]int{1}, 50_000)
	if err := Write(path, long); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		for number := range 40 {
			if err := Write(path, long[:number*1000]); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for {
		select {
		case err := <-written:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
		var read []int
		if err := Read(path, &read); err != nil || len(read)%1000 != 0 {
			t.Fatalf("read %d numbers, %v", len(read), err)
		}
	}
}
