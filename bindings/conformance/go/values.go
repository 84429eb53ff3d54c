package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Which values an argument of each kind takes.

// mostNumber: a double, all that some languages have, holds numbers up to it exactly.
const mostNumber = 1 << 53

var (
	namePattern      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	errorNamePattern = regexp.MustCompile(`^[A-Z][A-Za-z]*$`)
)

// numberOf: false and true are none, nor is what has a fraction or an exponent.
func numberOf(value any) (int64, bool) {
	text, isNumber := value.(json.Number)
	if !isNumber {
		return 0, false
	}
	number, err := strconv.ParseInt(string(text), 10, 64)
	return number, err == nil && number >= -mostNumber && number <= mostNumber
}

func isNumber(value any) bool {
	_, good := numberOf(value)
	return good
}

func isNatural(value any) bool {
	number, good := numberOf(value)
	return good && number >= 0
}

func isControl(char rune) bool {
	return char < ' '
}

// isText: control characters are out, as a trace has one line for each event.
func isText(value any) bool {
	text, good := value.(string)
	return good && !strings.ContainsFunc(text, isControl)
}

func matches(pattern *regexp.Regexp, value any) bool {
	text, good := value.(string)
	return good && pattern.MatchString(text)
}

func isName(value any) bool {
	return matches(namePattern, value)
}

func isNames(value any) bool {
	list, good := value.([]any)
	return good && !slices.ContainsFunc(list, func(name any) bool { return !isName(name) })
}

func isHandlers(value any) bool {
	handlers, good := value.(*object)
	if !good {
		return false
	}
	for _, ops := range handlers.values {
		if _, isList := ops.([]any); !isList {
			return false
		}
	}
	return true
}

func isMode(value any) bool {
	return value == "first" || value == "first_error" || value == "all"
}

func isOfType[T any](value any) bool {
	_, good := value.(T)
	return good
}

// accepts tells whether a value is of the kind.
func (k kind) accepts(value any) bool {
	switch k {
	case aText:
		return isText(value)
	case aNumber:
		return isNumber(value)
	case aTime, aCount:
		return isNatural(value)
	case aName:
		return isName(value)
	case nameList:
		return isNames(value)
	case someNames:
		return isNames(value) && len(value.([]any)) > 0
	case anErrorName:
		return matches(errorNamePattern, value)
	case aTask:
		return isOfType[string](value)
	case opsInside:
		return isOfType[[]any](value)
	case handlersInside:
		return isHandlers(value)
	case aFlag:
		return isOfType[bool](value)
	case aMode:
		return isMode(value)
	case aTimeOrNull:
		return value == nil || isNatural(value)
	}
	return false
}
