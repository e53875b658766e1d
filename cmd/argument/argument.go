// Package argument tells whoever typed a command which flag or argument named a file that cannot be opened, and what the file is: the system's error knows only its name.
// It looks at the parsed command line and reads no file. Both programs hand it the error that a command ends with, so no command does it by itself.
//
// First call: Explain.
package argument

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Explain adds to an error about a file what the flag or argument is that named it, or that named the folder or file that it stands in or beside. Any other error, and one about a
// file that nothing on the command line named, is returned as it is. The result wraps err.
func Explain(k *kong.Context, err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) || !slices.ContainsFunc([]error{fs.ErrNotExist, fs.ErrPermission, syscall.EISDIR, syscall.ENOTDIR}, func(e error) bool { return errors.Is(path, e) }) {
		return err
	}
	named, how := best(k, path.Path)
	if named == nil {
		return err
	}
	text := fmt.Sprintf("%s: %s", named.Summary(), named.Help)
	if named.Flag != nil {
		text = fmt.Sprintf("--%s: %s", named.Name, named.Help)
		if len(named.Flag.Envs) > 0 {
			text = fmt.Sprintf("--%s or %s: %s", named.Name, strings.Join(named.Flag.Envs, " or "), named.Help)
		}
	}
	if full, e := filepath.Abs(path.Path); e == nil && full != path.Path {
		err = fmt.Errorf("%w (looked for at %s)", err, full)
	}
	return fmt.Errorf("%w\n  %s %s", err, how, text)
}

// best is what names a path most closely: the path itself, or what it begins with.
func best(k *kong.Context, path string) (named *kong.Value, how string) {
	longest := 0
	look := func(v *kong.Value) {
		for _, s := range texts(v.Target) {
			how2 := ""
			switch {
			case s == "" || len(s) <= longest:
				continue
			case s == path:
				how2 = "it is named by"
			case strings.HasPrefix(path, strings.TrimSuffix(s, "/")+"/"):
				how2 = "it belongs into what is named by"
			case strings.HasPrefix(path, s+"."):
				how2 = "it belongs beside what is named by"
			default:
				continue
			}
			named, how, longest = v, how2, len(s)
		}
	}
	for node := k.Selected(); node != nil; node = node.Parent {
		for _, v := range node.Positional {
			look(v)
		}
		for _, f := range node.Flags {
			look(f.Value)
		}
	}
	return named, how
}

func texts(v reflect.Value) []string {
	switch {
	case v.Kind() == reflect.String:
		return []string{v.String()}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		var all []string
		for i := range v.Len() {
			all = append(all, v.Index(i).String())
		}
		return all
	}
	return nil
}
