package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// ErrStream says that bytes are no stream of this version, or a damaged or shortened one.
var ErrStream = errors.New("not the export of a room, or damaged")

// maxLine bounds a line: the largest value is a ranking or the rules of a campaign.
const maxLine = 1 << 30

// Source gives the rows of a room, all of one moment.
type Source interface {
	// Each calls row for every row of the table in the order of its key. Values are as [Kind] says and hold until row returns.
	Each(ctx context.Context, t Table, row func([]any) error) error
}

// Sink takes the rows of a room, in the order of [Tables].
type Sink interface {
	Put(ctx context.Context, t Table, row []any) error
}

type head struct {
	Format       string `json:"fairlot"`
	Room         string `json:"room"`
	Installation string `json:"installation"`
}

const format = "export 1"

type tableHead struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

type tableEnd struct {
	End  string `json:"end"`
	Rows int64  `json:"rows"`
}

// Write writes one room. installation is 32 hexadecimal digits.
func Write(ctx context.Context, out io.Writer, room, installation string, src Source) error {
	w := bufio.NewWriterSize(out, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(head{format, room, installation}); err != nil {
		return err
	}
	for _, t := range Tables(room) {
		if err := enc.Encode(headOf(t)); err != nil {
			return err
		}
		rows := int64(0)
		err := src.Each(ctx, t, func(values []any) error {
			rows++
			return writeRow(w, t, values)
		})
		if err != nil {
			return fmt.Errorf("export %s: %w", t.Name, err)
		}
		if err := enc.Encode(tableEnd{t.Name, rows}); err != nil {
			return err
		}
	}
	if err := enc.Encode(tableEnd{room, int64(len(Tables(room)))}); err != nil {
		return err
	}
	return w.Flush()
}

func headOf(t Table) tableHead {
	h := tableHead{Table: t.Name}
	for _, c := range t.Columns {
		h.Columns = append(h.Columns, c.Name)
	}
	return h
}

func writeRow(w *bufio.Writer, t Table, values []any) error {
	if len(values) != len(t.Columns) {
		return fmt.Errorf("%d values, want %d", len(values), len(t.Columns))
	}
	line := []byte{'['}
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		c := t.Columns[i]
		switch v := v.(type) {
		case nil:
			if !c.Null {
				return fmt.Errorf("%s is null", c.Name)
			}
			line = append(line, "null"...)
		case []byte:
			if c.Kind != Bytes {
				return fmt.Errorf("%s is bytes", c.Name)
			}
			line = append(line, '"')
			line = base64.StdEncoding.AppendEncode(line, v)
			line = append(line, '"')
		case string:
			if c.Kind != Text || !utf8.ValidString(v) {
				return fmt.Errorf("%s is text that cannot be written", c.Name)
			}
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			line = append(line, b...)
		case int64:
			if c.Kind != Int {
				return fmt.Errorf("%s is a number", c.Name)
			}
			line = strconv.AppendInt(line, v, 10)
		default:
			return fmt.Errorf("%s is a %T", c.Name, v)
		}
	}
	_, err := w.Write(append(line, ']', '\n'))
	return err
}

// Read reads one room into sink and returns its installation. Errors of the stream wrap [ErrStream]; nothing is committed here.
func Read(ctx context.Context, in io.Reader, room string, sink Sink) (installation string, err error) {
	r := &lines{r: bufio.NewReaderSize(in, 1<<20)}
	var h head
	if err := r.object(&h); err != nil {
		return "", err
	}
	if h.Format != format || h.Room != room {
		return "", fmt.Errorf("%w: it begins with %q of room %q, want %q of %q", ErrStream, h.Format, h.Room, format, room)
	}
	for _, t := range Tables(room) {
		var th tableHead
		if err := r.object(&th); err != nil {
			return "", err
		}
		want, _ := json.Marshal(headOf(t))
		if got, _ := json.Marshal(th); !bytes.Equal(got, want) {
			return "", fmt.Errorf("%w: line %d: table %q has other columns than this program's %s: import with the program that exported, or a newer one", ErrStream, r.n, th.Table, t.Name)
		}
		for rows := int64(0); ; rows++ {
			line, err := r.next()
			if err != nil {
				return "", err
			}
			if line[0] == '{' {
				var end tableEnd
				if err := r.parse(line, &end); err != nil || end != (tableEnd{t.Name, rows}) {
					return "", fmt.Errorf("%w: line %d: table %s ends after %d rows", ErrStream, r.n, t.Name, rows)
				}
				break
			}
			values, err := readRow(line, t)
			if err != nil {
				return "", fmt.Errorf("%w: line %d: %w", ErrStream, r.n, err)
			}
			if err := sink.Put(ctx, t, values); err != nil {
				return "", fmt.Errorf("import %s: %w", t.Name, err)
			}
		}
	}
	var end tableEnd
	if err := r.object(&end); err != nil || end != (tableEnd{room, int64(len(Tables(room)))}) {
		return "", fmt.Errorf("%w: line %d: no end", ErrStream, r.n)
	}
	if _, err := r.r.ReadByte(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%w: something follows its end", ErrStream)
	}
	return h.Installation, nil
}

type lines struct {
	r *bufio.Reader
	n int
}

func (l *lines) next() ([]byte, error) {
	l.n++
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("%w: line %d is too long", ErrStream, l.n)
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil || len(line) < 2 {
			return nil, fmt.Errorf("%w: line %d: it breaks off", ErrStream, l.n)
		}
		return line, nil
	}
}

func (l *lines) parse(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: line %d", ErrStream, l.n)
	}
	return nil
}

func (l *lines) object(v any) error {
	line, err := l.next()
	if err != nil {
		return err
	}
	return l.parse(line, v)
}

func readRow(line []byte, t Table) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil || len(raw) != len(t.Columns) {
		return nil, errors.New("not a row of its table")
	}
	values := make([]any, len(raw))
	for i, c := range t.Columns {
		var err error
		switch {
		case string(raw[i]) == "null" && c.Null:
		case string(raw[i]) == "null":
			err = errors.New("null")
		case c.Kind == Bytes:
			var b []byte
			err = json.Unmarshal(raw[i], &b)
			values[i] = b
		case c.Kind == Text:
			var s string
			err = json.Unmarshal(raw[i], &s)
			values[i] = s
		default:
			values[i], err = strconv.ParseInt(string(raw[i]), 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("%s is not as it must be", c.Name)
		}
	}
	return values, nil
}
