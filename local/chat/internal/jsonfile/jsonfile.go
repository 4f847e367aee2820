// Package jsonfile keeps a document in a file that is at every moment either the old or the new one, never half of it.
package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Read fills `document` from a file. It leaves it as it is where there is no file yet.
func Read(path string, document any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, document); err != nil {
		return fmt.Errorf("%s is damaged: %w. Mend it, or move it away to start anew", path, err)
	}
	return nil
}

// Write replaces the file. What a killed process left half written beside it is overwritten by the next one.
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
	// Before the rename: otherwise a machine that loses power may keep the new name with no text.
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}
