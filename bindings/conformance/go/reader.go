package main

import (
	"fmt"
	"slices"
)

// reader reads the operations of a program and checks them on the way.
type reader struct {
	program *program
	task    string             // whose body is read
	makers  map[reference]made // what some operation makes of a name
	seen    map[reference]made // what the operations so far have made of it
}

// place is where an operation stands, as far as that decides what is allowed there.
type place struct {
	inGroup    bool
	inHandler  bool
	inCallback bool
}

// inside is the place of what an operation opens.
func (p place) inside(opens interior) place {
	switch opens {
	case aGroup:
		p.inGroup = true
	case aClosable:
		return place{}
	case aCallback:
		return place{inCallback: true}
	}
	return p
}

// body reads the body of a task.
func (r *reader) body(task string, value any) ([]op, error) {
	r.task = task
	list, good := value.([]any)
	if !good {
		return nil, r.offence("task "+task, "body must be a list")
	}
	return r.ops(list, "", place{})
}

// ops reads a list of operations; prefix and a position are the index of one.
func (r *reader) ops(list []any, prefix string, place place) ([]op, error) {
	ops := make([]op, len(list))
	for position, item := range list {
		index := fmt.Sprint(prefix, position)
		if reason := r.op(&ops[position], item, place); reason != "" {
			return nil, r.offence(fmt.Sprintf("task %s, op %s", r.task, index), reason)
		}
		if err := r.inside(&ops[position], item.([]any), index+".", place); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

// op reads one operation, apart from what is inside it; "" or what is wrong with it.
func (r *reader) op(o *op, value any, place place) string {
	list, _ := value.([]any)
	if len(list) == 0 || !isOfType[string](list[0]) {
		return "not an operation"
	}
	o.word = list[0].(string)
	operation, known := operations[o.word]
	if !known {
		return fmt.Sprintf(`unknown operation "%s"`, o.word)
	}
	if reason := misplaced(o.word, operation, place); reason != "" {
		return reason
	}
	takes, got := len(operation.arguments), len(list)-1
	if takes != got {
		plural := "s"
		if takes == 1 {
			plural = ""
		}
		return fmt.Sprintf(`"%s" takes %d argument%s, got %d`, o.word, takes, plural, got)
	}
	for i, argument := range operation.arguments {
		if reason := r.argument(o, i+1, argument, list[i+1]); reason != "" {
			return reason
		}
		o.take(argument, list[i+1])
	}
	return ""
}

func misplaced(word string, operation operation, place place) string {
	switch {
	case place.inCallback && !operation.inCallback:
		return fmt.Sprintf(`"%s" cannot be used in a callback`, word)
	case word == "gspawn" && !place.inGroup:
		return `"gspawn" outside of a group`
	case word == "raise" && !place.inHandler:
		return `"raise" outside of a handler`
	}
	return ""
}

// argument checks one argument.
func (r *reader) argument(o *op, position int, argument argument, value any) string {
	if argument.kind == handlersInside {
		if key := unknownHandler(value); key != nil {
			return fmt.Sprintf(`unknown handler "%s"`, *key)
		}
	}
	if !argument.kind.accepts(value) {
		return fmt.Sprintf(`argument %d of "%s" must be %s`, position, o.word, kindWords[argument.kind])
	}
	if argument.kind == aTask {
		if _, defined := r.program.tasks[value.(string)]; !defined {
			return fmt.Sprintf(`undefined task "%s"`, value)
		}
	}
	if argument.space == noSpace {
		return ""
	}
	list, several := value.([]any)
	if !several {
		list = []any{value}
	}
	for _, name := range list {
		if reason := r.reference(argument, name.(string)); reason != "" {
			return reason
		}
	}
	return ""
}

func unknownHandler(value any) *string {
	handlers, good := value.(*object)
	if !good {
		return nil
	}
	for _, key := range handlers.keys {
		if !slices.Contains(handlerKeys, key) {
			return &key
		}
	}
	return nil
}

// reference checks that a name means what the operation takes it for.
func (r *reader) reference(argument argument, name string) string {
	ref := reference{argument.space, name}
	if argument.makes != 0 {
		before, again := r.seen[ref]
		r.seen[ref] = argument.makes
		if again && before != argument.makes {
			return fmt.Sprintf(`"%s" is both a task and a future`, name)
		}
		return ""
	}
	makers, known := r.makers[ref]
	if !known {
		return fmt.Sprintf(`undefined name "%s"`, name)
	}
	if argument.needs != 0 && makers&argument.needs == 0 {
		return fmt.Sprintf(`"%s" is not a future`, name)
	}
	return ""
}

// take keeps the value of an argument that was found good.
func (o *op) take(argument argument, value any) {
	switch argument.kind {
	case aText:
		o.text = value.(string)
	case aNumber, aTime, aCount:
		o.number, _ = numberOf(value)
	case aTimeOrNull:
		o.number, _ = numberOf(value)
		o.endless = value == nil
	case aName:
		o.name = value.(string)
	case nameList, someNames:
		for _, name := range value.([]any) {
			o.names = append(o.names, name.(string))
		}
	case anErrorName:
		o.failure = value.(string)
	case aTask:
		o.task = value.(string)
	case aFlag:
		o.flag = value.(bool)
	case aMode:
		o.mode = value.(string)
	}
}

// inside reads what is inside an operation.
func (r *reader) inside(o *op, list []any, prefix string, place place) (err error) {
	opens := operations[o.word].opens
	switch opens {
	case nothing:
		return nil
	case aTry:
		return r.try(o, list, prefix, place)
	}
	o.body, err = r.ops(list[len(list)-1].([]any), prefix, place.inside(opens))
	return err
}

func (r *reader) try(o *op, list []any, prefix string, place place) (err error) {
	if o.body, err = r.ops(list[1].([]any), prefix+"body.", place); err != nil {
		return err
	}
	o.handlers = map[string][]op{}
	handlers := list[2].(*object)
	for _, key := range handlerKeys {
		value, has := handlers.values[key]
		if !has {
			continue
		}
		place.inHandler = key != "finally"
		if o.handlers[key], err = r.ops(value.([]any), prefix+key+".", place); err != nil {
			return err
		}
	}
	return nil
}
