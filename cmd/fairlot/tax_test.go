package main

import "testing"

// TestPlainCell: nothing that some spreadsheet takes for the beginning of a formula begins a cell, in whichever width it was typed.
func TestPlainCell(t *testing.T) {
	for _, s := range []string{"=1+1", "+886", "-2", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b886", "\uff0d2", "\uff20SUM(1)", "\ufe661", "\ufe621", "\ufe632", "\ufe6bA1", "\uff1d"} {
		if got := plainCell(s); got != "'"+s {
			t.Errorf("%+q becomes %+q", s, got)
		}
	}
	for _, s := range []string{"", "王小明", "王=1", "O'Neil-Wu", "Ａ123", "１", "（一）"} {
		if got := plainCell(s); got != s {
			t.Errorf("%+q becomes %+q", s, got)
		}
	}
}
