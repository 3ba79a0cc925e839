package storage

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluxcd/pkg/apis/meta"
	artdigest "github.com/fluxcd/pkg/artifact/digest"
	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
	"github.com/fluxcd/pkg/tar"
)

// Filter says which files Archive leaves out.
type Filter func(path string, info os.FileInfo) bool

// SourceIgnoreFilter leaves out what the patterns (and Flux's defaults) match.
func SourceIgnoreFilter(ps []gitignore.Pattern, domain []string) Filter {
	m := sourceignore.NewDefaultMatcher(ps, domain)
	return func(p string, fi os.FileInfo) bool {
		return m.Match(strings.Split(p, string(filepath.Separator)), fi.IsDir())
	}
}

// Archive writes a tar.gz of a folder as the artifact's file.
func (s *Storage) Archive(a *meta.Artifact, dir string, leaveOut Filter) error {
	return s.write(a, func(w io.Writer) error {
		var opts []tar.Option
		if leaveOut != nil {
			opts = append(opts, tar.WithFilter(leaveOut))
		}
		_, err := tar.Tar(dir, w, opts...)
		return err
	})
}

// Copy writes what it reads as the artifact's file.
func (s *Storage) Copy(a *meta.Artifact, r io.Reader) error {
	return s.write(a, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// CopyFromPath writes a file as the artifact's file.
func (s *Storage) CopyFromPath(a *meta.Artifact, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.Copy(a, f)
}

// write fills a temporary file beside the artifact's and renames it, and sets
// the artifact's digest, size and time.
func (s *Storage) write(a *meta.Artifact, fill func(io.Writer) error) (err error) {
	p, err := s.file(*a)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(s.BasePath, ".writing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	d := artdigest.Canonical.Digester()
	if err = fill(io.MultiWriter(tmp, d.Hash())); err != nil {
		return err
	}
	fi, err := tmp.Stat()
	if err != nil {
		return err
	}
	if err = tmp.Chmod(0o644); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), p); err != nil {
		return err
	}
	size := fi.Size()
	a.Digest, a.Size, a.LastUpdateTime = d.Digest().String(), &size, metav1.Now()
	return nil
}

// CopyToPath unpacks the artifact and copies its subPath to toPath.
func (s *Storage) CopyToPath(a *meta.Artifact, subPath, toPath string) error {
	if a == nil {
		return errors.New("no artifact")
	}
	p, err := s.file(*a)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "artifact-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := tar.Untar(f, dir, tar.WithMaxUntarSize(-1)); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	sub, err := root.OpenRoot(filepath.Clean("./" + subPath))
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := os.MkdirAll(toPath, 0o755); err != nil {
		return err
	}
	return os.CopyFS(toPath, sub.FS())
}
