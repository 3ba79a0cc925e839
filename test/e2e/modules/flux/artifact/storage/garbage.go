package storage

import (
	"context"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
)

type artifactFile struct {
	path    string
	written time.Time
}

// GarbageCollect deletes artifacts of the same object that are older than the
// retention time or more than the number kept; never the artifact itself.
func (s *Storage) GarbageCollect(ctx context.Context, a meta.Artifact, timeout time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	current, err := s.file(a)
	if err != nil {
		return nil, err
	}
	unlock, err := s.Lock(a)
	if err != nil {
		return nil, err
	}
	defer unlock()
	entries, err := os.ReadDir(filepath.Dir(current))
	if err != nil {
		return nil, err
	}
	var earlier []artifactFile
	for _, entry := range entries {
		path := filepath.Join(filepath.Dir(current), entry.Name())
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && path != current {
			earlier = append(earlier, artifactFile{path, info.ModTime()})
		}
	}
	sort.Slice(earlier, func(i, j int) bool { return earlier[i].written.After(earlier[j].written) })
	var gone []string
	for i, file := range earlier {
		if err := ctx.Err(); err != nil {
			return gone, err
		}
		if i+1 < s.records && time.Since(file.written) < s.ttl {
			continue
		}
		if err := os.Remove(file.path); err != nil {
			return gone, err
		}
		gone = append(gone, file.path)
	}
	return gone, nil
}
