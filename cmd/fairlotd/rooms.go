package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlot/cmd/fairlot/private"
	"fairlot/store"
	"fairlot/store/postgres"
	"fairlot/store/sqlite"
)

// maxDSNs bounds a DSN file, in bytes.
const maxDSNs = 16 << 10

// onPostgres tells of which engine an installation's rooms are.
func onPostgres(dir string) (bool, error) {
	_, errRooms := os.Lstat(filepath.Join(dir, roomsDir))
	_, errDSNs := os.Lstat(filepath.Join(dir, appDSNs))
	_, errSQL := os.Lstat(filepath.Join(dir, provisionSQL))
	switch {
	case errSQL == nil:
		return false, fmt.Errorf("%s is not finished: let somebody run %s, then run fairlotd init again", dir, filepath.Join(dir, provisionSQL))
	case errRooms == nil && errDSNs == nil:
		return false, fmt.Errorf("%s has both %s and %s: take away the one that is not in use", dir, roomsDir, appDSNs)
	case errors.Is(errRooms, fs.ErrNotExist) && errors.Is(errDSNs, fs.ErrNotExist):
		return false, fmt.Errorf("%s is no installation: it has neither %s nor %s; make one with fairlotd init", dir, roomsDir, appDSNs)
	}
	return errDSNs == nil, nil
}

// openRooms opens an installation's rooms on the engine that its folder says.
func openRooms(ctx context.Context, dir string) (store.Rooms, error) {
	remote, err := onPostgres(dir)
	if err != nil {
		return store.Rooms{}, err
	}
	if !remote {
		rooms, err := sqlite.Open(filepath.Join(dir, roomsDir))
		if err != nil {
			return rooms, fmt.Errorf("rooms: %w", err)
		}
		return rooms, nil
	}
	apps, err := readDSNs(filepath.Join(dir, appDSNs))
	if err != nil {
		return store.Rooms{}, err
	}
	rooms, err := postgres.Open(ctx, apps)
	if err != nil {
		return rooms, fmt.Errorf("rooms, as %s names them: %w", filepath.Join(dir, appDSNs), err)
	}
	return rooms, nil
}

// readDSNs reads a DSN file, which only its owner may read: it has passwords.
func readDSNs(path string) (postgres.DSNs, error) {
	text, err := private.Read(path, maxDSNs)
	if err != nil {
		return postgres.DSNs{}, err
	}
	d, err := postgres.ParseDSNs(string(text))
	if err == nil {
		err = d.Check()
	}
	if err != nil {
		return d, fmt.Errorf("read %s: %w", path, err)
	}
	return d, nil
}
