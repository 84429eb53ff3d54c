package main

// What the operations of a program make.

// reference is a name in its namespace.
type reference struct {
	space space
	name  string
}

// collect finds out what the operations of a body make, and passes over what is malformed. It is
// done for all bodies before one of them is read: an operation may name what a later one makes.
func (r *reader) collect(value any) {
	list, _ := value.([]any)
	for _, item := range list {
		op, _ := item.([]any)
		if len(op) == 0 {
			continue
		}
		word, _ := op[0].(string)
		for i, argument := range operations[word].arguments {
			if i+1 < len(op) {
				r.collectArgument(argument, op[i+1])
			}
		}
	}
}

func (r *reader) collectArgument(argument argument, value any) {
	switch {
	case argument.makes != 0:
		if isName(value) {
			r.makers[reference{argument.space, value.(string)}] |= argument.makes
		}
	case argument.kind == opsInside:
		r.collect(value)
	case argument.kind == handlersInside:
		if handlers, good := value.(*object); good {
			for _, key := range handlerKeys {
				r.collect(handlers.values[key])
			}
		}
	}
}
