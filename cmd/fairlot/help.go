package main

import (
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// words are the words of a command without its arguments, as in campaign close; empty for none.
func words(node *kong.Node) string {
	var all []string
	for ; node != nil && node.Type == kong.CommandNode; node = node.Parent {
		all = append(all, node.Name)
	}
	slices.Reverse(all)
	return strings.Join(all, " ")
}

// offline says whether a command asks no daemon.
func offline(command string) bool {
	return slices.Contains([]string{"campaign example", "keys new custodian", "keys new notifier", "keys check", "cosign", "release share", "release tax", "claim check", "winners", "verify", "receipt", "log monitor", "witness new", "witness serve"}, command)
}

// printHelp prints help; on a command that asks no daemon, without the flags that say where the daemon is.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if offline(words(ctx.Selected())) {
		for _, f := range ctx.Model.Flags {
			f.Hidden = f.Hidden || slices.Contains([]string{"server", "token-file", "site"}, f.Name)
		}
	}
	return kong.DefaultHelpPrinter(options, ctx)
}

// withDefault is a flag's help, with the default that its placeholder hides.
func withDefault(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if v.Default == "" || v.Flag == nil || v.Flag.PlaceHolder == "" {
		return text
	}
	return strings.TrimSuffix(text, ".") + " (default " + v.Default + ")."
}

// version says of which commit this program was built, and with which Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "fairlot development"
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	text := "fairlot development"
	if set["vcs.revision"] != "" {
		text = "fairlot commit " + set["vcs.revision"] + " of " + set["vcs.time"]
		if set["vcs.modified"] == "true" {
			text += ", changed since"
		}
	}
	return text + " (" + info.GoVersion + ")"
}
