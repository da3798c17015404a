package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail/store"
)

type backupOptions struct {
	force bool
	json  bool
}

func newBackupCommand(a *app) *cobra.Command {
	var opts backupOptions
	cmd := &cobra.Command{
		Use:   "backup [flags] FILE",
		Short: "Copy the store to a file, also while the daemon runs",
		Long: `Writes a copy of bans, history, counted failures and positions to FILE, as they
are at one moment. The daemon goes on banning and storing meanwhile; where none
runs the store is read directly. FILE can be read by its owner alone. It is a
store like the first one: to go back to it, stop gaol, put it in the place of
the store, remove what has the store's name and ends in -wal or -shm, and
start gaol.`,
		Example: `  gaol backup /root/gaol-backup.sqlite3
  gaol backup --force /backup/gaol.sqlite3`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "there is no copy, or wrong usage")},
		Args:        argsOf(1, 1, "a FILE to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackup(cmd.Context(), a, opts, args[0])
		},
	}
	cmd.Flags().BoolVar(&opts.force, "force", false, "replace FILE if it is there")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

// backupReport is the document of "gaol backup --json".
type backupReport struct {
	File      string `json:"file"`
	SizeBytes int64  `json:"size_bytes"`
}

func runBackup(ctx context.Context, a *app, opts backupOptions, file string) error {
	size, err := a.backup(ctx, file, opts.force)
	if err != nil {
		return fmt.Errorf("backing up to %s: %w", file, err)
	}
	if opts.json {
		return a.printJSON(backupReport{file, size})
	}
	return a.printText(fmt.Sprintf("copied the store to %s, %s bytes\n", printable(file), humanCount(size)))
}

// backup writes the copy under another name first, so that FILE is either whole or not there, and what it
// replaces is there until then.
func (a *app) backup(ctx context.Context, file string, force bool) (size int64, err error) {
	if _, err := os.Lstat(file); err == nil && !force {
		return 0, errFileThere
	}
	// Its mode is 0600.
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), removeIfThere(f.Name())) }()
	if size, err = a.copyStore(ctx, f); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if force {
		return size, os.Rename(f.Name(), file)
	}
	// Unlike a rename, a link takes nothing's place; not every file system has it.
	switch err := os.Link(f.Name(), file); {
	case errors.Is(err, fs.ErrExist):
		return 0, errFileThere
	case err != nil:
		return size, os.Rename(f.Name(), file)
	}
	return size, nil
}

var errFileThere = errors.New("there is such a file already: replace it with --force")

func removeIfThere(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyStore copies the store into f: the daemon's, or, where none runs, the configured one.
func (a *app) copyStore(ctx context.Context, f *os.File) (size int64, err error) {
	size, err = a.client().Backup(ctx, f)
	if !errors.Is(err, control.ErrNotRunning) {
		return size, err
	}
	conf := config.Load(a.configOptions())
	if len(conf.Unread) > 0 {
		return 0, fmt.Errorf("no daemon runs, and where the store is can't be read in %s: see \"gaol check\"", conf.Unread[0])
	}
	if err := store.Backup(ctx, conf.Store.Path, f.Name()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
