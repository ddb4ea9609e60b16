// Verifies what a log publishes with golang.org/x/mod/sumdb, and with nothing of ours. Ends with 1 when anything
// does not match.
//
//	verifylog log DIR VKEY                   static files (tlog-tiles): reads every bundle of entries, derives the
//	                                         whole tree anew with tlog, compares every tile and the root, and
//	                                         checks the signature with note
//	verifylog entry PROOF LEAF VKEY          a tlog-proof, with the bytes of the entry it is of
//	verifylog growth OLD GROWTH VKEY         that the tree of checkpoint OLD is the beginning of the one in GROWTH:
//	                                         hashes of a consistency proof, an empty line, the newer checkpoint
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Height of a tile in levels: 256 hashes.
const height = 8

func main() {
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 3 && arguments[0] == "log":
		verifyLog(arguments[1], arguments[2])
	case len(arguments) == 4 && arguments[0] == "entry":
		verifyEntry(read(arguments[1], ""), read(arguments[2], ""), arguments[3])
	case len(arguments) == 4 && arguments[0] == "growth":
		verifyGrowth(read(arguments[1], ""), read(arguments[2], ""), arguments[3])
	default:
		refuse("usage: verifylog log DIR VKEY | entry PROOF LEAF VKEY | growth OLD GROWTH VKEY")
	}
}

func verifyLog(dir, vkey string) {
	tree := opened(read(dir, "checkpoint"), vkey)
	stored := derived(dir, tree.N)
	reader := hashesIn(&stored)
	root, err := tlog.TreeHash(tree.N, reader)
	check(err)
	if root != tree.Hash {
		refuse("the entries lead to root %v, signed is %v", root, tree.Hash)
	}
	compareTiles(dir, tree.N, reader)
	fmt.Printf("verified %d %v\n", tree.N, root)
}

func verifyEntry(proof, leaf []byte, vkey string) {
	head, signed := parted(proof)
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		refuse("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	check(err)
	tree := opened(signed, vkey)
	check(tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash(leaf)))
	fmt.Printf("verified %d\n", index)
}

func verifyGrowth(old, growth []byte, vkey string) {
	head, signed := parted(growth)
	before, after := opened(old, vkey), opened(signed, vkey)
	var lines []string
	if head != "" {
		lines = strings.Split(head, "\n")
	}
	check(tlog.CheckTree(hashes(lines), after.N, after.Hash, before.N, before.Hash))
	fmt.Printf("verified %d %d\n", before.N, after.N)
}

// parted is what stands before the first empty line, and what stands behind it.
func parted(file []byte) (string, []byte) {
	at := bytes.Index(file, []byte("\n\n"))
	if at < 0 {
		refuse("no empty line")
	}
	return string(file[:at]), file[at+2:]
}

func hashes(lines []string) []tlog.Hash {
	parsed := make([]tlog.Hash, len(lines))
	for at, line := range lines {
		var err error
		parsed[at], err = tlog.ParseHash(line)
		check(err)
	}
	return parsed
}

func hashesIn(stored *[]tlog.Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			found[at] = (*stored)[index]
		}
		return found, nil
	})
}

// opened is the tree head of the checkpoint, of which the signature holds.
func opened(checkpoint []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err)
	signed, err := note.Open(checkpoint, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		refuse("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	tree := tlog.Tree{N: size}
	tree.Hash, err = tlog.ParseHash(lines[2])
	check(err)
	return tree
}

// derived gives the hashes of the whole tree, in tlog's order of storage, from the entries alone.
func derived(dir string, size int64) []tlog.Hash {
	stored := make([]tlog.Hash, 0, tlog.StoredHashCount(size))
	reader := hashesIn(&stored)
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		path := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}.Path()
		bundle := read(dir, strings.Replace(path, "tile/8/data/", "tile/entries/", 1))
		for index := first; index < first+width; index++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				refuse("%s ends within entry %d", path, index)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			hashes, err := tlog.StoredHashes(index, bundle[2:end], reader)
			check(err)
			stored = append(stored, hashes...)
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			refuse("%s has bytes after its entries", path)
		}
	}
	return stored
}

// compareTiles compares every tile that a tree of this size has with what was derived.
func compareTiles(dir string, size int64, reader tlog.HashReader) {
	for _, tile := range tlog.NewTiles(height, 0, size) {
		// An older tlog names every width that a partial tile once had too.
		if present := size>>(height*tile.L) - tile.N<<height; tile.W < 1<<height && int64(tile.W) != present {
			continue
		}
		want, err := tlog.ReadTileData(tile, reader)
		check(err)
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		if !bytes.Equal(want, read(dir, path)) {
			refuse("%s does not fit the entries below it", path)
		}
	}
}

func read(dir, path string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		refuse("%v", err)
	}
}

func refuse(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
