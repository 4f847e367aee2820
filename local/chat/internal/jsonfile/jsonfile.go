// Package jsonfile stores a document in a file. The file is replaced as a whole, so a reader never sees half of it.
package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Read decodes a file into document. A file that does not exist leaves document unchanged.
func Read(path string, document any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, document); err != nil {
		return fmt.Errorf("%s is damaged: %w. Repair it, or move it away to start with an empty one", path, err)
	}
	return nil
}

// Write replaces a file. It writes to a temporary file beside it first; the next Write replaces one that a killed
// process left there.
func Write(path string, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	// Sync before the rename: a machine that loses power could otherwise keep the new name without its content.
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}
