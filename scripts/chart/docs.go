package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

const begin, end = "<!-- values: begin -->\n", "<!-- values: end -->\n"

// Value is one setting of the chart.
type Value struct {
	// Path is its name, with dots.
	Path string
	// Help is its comment, in one line.
	Help string
	// Default is JSON.
	Default string
}

// Values reads every setting that has a comment which begins with "-- ". One without is an error, and so is a comment on
// nothing: a value that nobody explains must not get in.
func Values(file string) ([]Value, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return walk(document.Content[0], "")
}

func walk(mapping *yaml.Node, prefix string) ([]Value, error) {
	var found []Value
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		path := prefix + key.Value
		if help, ok := help(key.HeadComment); ok {
			shown, err := show(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			found = append(found, Value{path, help, shown})
			continue
		}
		if value.Kind != yaml.MappingNode || len(value.Content) == 0 {
			return nil, fmt.Errorf("line %d: %s has no comment that begins with \"# -- \"", key.Line, path)
		}
		inner, err := walk(value, path+".")
		if err != nil {
			return nil, err
		}
		found = append(found, inner...)
	}
	return found, nil
}

// help is what a comment says from its "-- " on.
func help(comment string) (string, bool) {
	_, after, found := strings.Cut("\n"+comment, "\n# -- ")
	lines := strings.Split(after, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(lines[i], "#"))
	}
	return strings.Join(lines, " "), found
}

func show(value *yaml.Node) (string, error) {
	var decoded any
	if err := value.Decode(&decoded); err != nil {
		return "", err
	}
	shown, err := json.Marshal(decoded)
	return string(shown), err
}

// Readme is the chart's README with a table that agrees with values.yaml.
func Readme(chart string) (string, error) {
	values, err := Values(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return "", err
	}
	file := filepath.Join(chart, "README.md")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("%s has no lines %q and %q", file, begin, end)
	}
	var table strings.Builder
	table.WriteString("| value | default | meaning |\n|---|---|---|\n")
	for _, value := range values {
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", value.Path, cell(value.Default), cell(value.Help))
	}
	return head + begin + table.String() + end + tail, nil
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
