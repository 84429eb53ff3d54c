package main

import (
	"fmt"
	"strings"
)

// program is a program that was checked.
type program struct {
	name  string
	tasks map[string][]op
	runs  []runDef
}

// runDef is one of the runs of a program.
type runDef struct {
	task         string
	freshContext bool
	interruptAt  []int64 // in ms
}

// op is an operation. Which fields it has, its row in operations tells.
type op struct {
	word     string // "sleep"
	name     string // of a handle, an event, a variable, ...
	names    []string
	task     string
	failure  string // the name of an error
	text     string
	number   int64 // a value, a time, a count
	endless  bool  // a time that was null
	flag     bool
	mode     string
	body     []op
	handlers map[string][]op
}

// malformed is the first offence of a program: the whole line for stderr.
type malformed string

func (m malformed) Error() string {
	return string(m)
}

// offence says what is wrong with a program. What it says of itself may have control characters, and
// an offence is one line.
func offence(program string, parts ...string) malformed {
	line := strings.Join(append([]string{"conformance", program}, parts...), ": ")
	return malformed(strings.Map(func(char rune) rune {
		if isControl(char) {
			return '?'
		}
		return char
	}, line))
}

const mostInterrupts = 2

// readProgram reads and checks a program. file is what it is called if it has no name.
func readProgram(data []byte, file string) (*program, error) {
	value, _ := parse(data)
	root, good := value.(*object)
	if !good {
		return nil, offence(file, "not a JSON object")
	}
	r := &reader{
		program: &program{name: file, tasks: map[string][]op{}},
		makers:  map[reference]made{},
		seen:    map[reference]made{},
	}
	name, named := root.values["name"].(string)
	named = named && name != "" && isText(name)
	if named {
		r.program.name = name
	}
	if err := r.root(root, named); err != nil {
		return nil, err
	}
	return r.program, nil
}

func (r *reader) offence(parts ...string) error {
	return offence(r.program.name, parts...)
}

func (r *reader) root(root *object, named bool) error {
	needed, allowed := []string{"name", "tasks", "runs"}, []string{"min_version", "differs"}
	if reason := wrongKey(root, needed, allowed); reason != "" {
		return r.offence(reason)
	}
	if !named {
		return r.offence(`"name" must be a text`)
	}
	if err := r.tasks(root.values["tasks"]); err != nil {
		return err
	}
	if err := r.runs(root.values["runs"]); err != nil {
		return err
	}
	for _, key := range allowed {
		if value, has := root.values[key]; has && !isOfType[string](value) {
			return r.offence(fmt.Sprintf(`"%s" must be a text`, key))
		}
	}
	return nil
}

// wrongKey is the offence of the keys of an object, or "".
func wrongKey(members *object, needed, allowed []string) string {
	known := map[string]bool{}
	for _, key := range needed {
		if _, has := members.values[key]; !has {
			return fmt.Sprintf(`missing key "%s"`, key)
		}
		known[key] = true
	}
	for _, key := range allowed {
		known[key] = true
	}
	for _, key := range members.keys {
		if !known[key] {
			return fmt.Sprintf(`unknown key "%s"`, key)
		}
	}
	return ""
}

func (r *reader) tasks(value any) error {
	tasks, good := value.(*object)
	if !good {
		return r.offence(`"tasks" must be an object`)
	}
	for _, name := range tasks.keys {
		r.program.tasks[name] = nil
		r.collect(tasks.values[name])
	}
	for _, name := range tasks.keys {
		if !isName(name) {
			return r.offence(fmt.Sprintf(`bad task name "%s"`, name))
		}
		body, err := r.body(name, tasks.values[name])
		if err != nil {
			return err
		}
		r.program.tasks[name] = body
	}
	return nil
}

func (r *reader) runs(value any) error {
	list, good := value.([]any)
	if !good {
		return r.offence(`"runs" must be a list`)
	}
	if len(list) == 0 {
		return r.offence(`"runs" must not be empty`)
	}
	for index, item := range list {
		run, reason := r.run(item)
		if reason != "" {
			return r.offence(fmt.Sprintf("run %d", index), reason)
		}
		r.program.runs = append(r.program.runs, run)
	}
	return nil
}

// run reads a run; "" or the reason why it is none.
func (r *reader) run(value any) (runDef, string) {
	members, good := value.(*object)
	if !good {
		return runDef{}, "not a JSON object"
	}
	if reason := wrongKey(members, []string{"task"}, []string{"context", "interrupt_at"}); reason != "" {
		return runDef{}, reason
	}
	task, good := members.values["task"].(string)
	if !good {
		return runDef{}, `"task" must be a text`
	}
	if _, defined := r.program.tasks[task]; !defined {
		return runDef{}, fmt.Sprintf(`undefined task "%s"`, task)
	}
	context, fresh := members.values["context"]
	if fresh && context != "fresh" {
		return runDef{}, `"context" must be "fresh"`
	}
	interruptAt, good := timesOf(members)
	if !good {
		return runDef{}, `"interrupt_at" must be a list of at most 2 times`
	}
	return runDef{task: task, freshContext: fresh, interruptAt: interruptAt}, ""
}

// timesOf are the times of a run's interrupts.
func timesOf(run *object) (times []int64, good bool) {
	value, has := run.values["interrupt_at"]
	if !has {
		return nil, true
	}
	list, isList := value.([]any)
	if !isList || len(list) > mostInterrupts {
		return nil, false
	}
	for _, item := range list {
		if !isNatural(item) {
			return nil, false
		}
		time, _ := numberOf(item)
		times = append(times, time)
	}
	return times, true
}
