package main

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Values of JSON are nil, bool, string, json.Number, []any and *object.

// object keeps the order of its keys, in which offences are told. Of a key that stands there twice
// the last value counts.
type object struct {
	keys   []string
	values map[string]any
}

func (o *object) set(key string, value any) {
	if _, known := o.values[key]; !known {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// parse reads one JSON value. False for a text that is not JSON in UTF-8.
func parse(data []byte) (any, bool) {
	// The decoder would put U+FFFD in the place of what is not UTF-8, or no character.
	if !utf8.Valid(data) || !json.Valid(data) || hasLoneSurrogate(data) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return parseValue(decoder), true
}

// parseValue reads what json.Valid has found good, so that no token can be missing or wrong.
func parseValue(decoder *json.Decoder) any {
	token, _ := decoder.Token()
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			list = append(list, parseValue(decoder))
		}
		_, _ = decoder.Token()
		return list
	case json.Delim('{'):
		members := &object{values: map[string]any{}}
		for decoder.More() {
			key, _ := decoder.Token()
			members.set(key.(string), parseValue(decoder))
		}
		_, _ = decoder.Token()
		return members
	}
	return token
}

// hasLoneSurrogate looks for half of a surrogate pair in the escapes of a JSON text.
func hasLoneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		first, isUnit := escapedUnit(data[i:])
		if !isUnit {
			i++ // past the escaped character, which can be a backslash
			continue
		}
		i += len(`\uXXXX`) - 1
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, _ := escapedUnit(data[i+1:])
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += len(`\uXXXX`)
	}
	return false
}

// escapedUnit is the code unit of an escape with which a text begins.
func escapedUnit(data []byte) (rune, bool) {
	if len(data) < len(`\uXXXX`) || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(data[2:len(`\uXXXX`)]), 16, 16)
	return rune(unit), err == nil
}
