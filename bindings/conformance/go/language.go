package main

// The operations of the language: their arguments, and where they may stand.

// kind is what an argument must be.
type kind int

const (
	aText kind = iota
	aNumber
	aTime
	aCount // a number that is not negative
	aName
	nameList
	someNames // at least one
	anErrorName
	aTask
	opsInside
	handlersInside
	aFlag
	aMode
	aTimeOrNull
)

// kindWords are the kinds in the words of an offence.
var kindWords = [...]string{
	aText:          "a text",
	aNumber:        "a number",
	aTime:          "a time",
	aCount:         "a count",
	aName:          "a name",
	nameList:       "a list of names",
	someNames:      "a list of names",
	anErrorName:    "an error name",
	aTask:          "a task",
	opsInside:      "a list of operations",
	handlersInside: "handlers",
	aFlag:          "true or false",
	aMode:          "a mode",
	aTimeOrNull:    "a time or null",
}

// space is one of the namespaces in which something has to make a name.
type space int

const (
	noSpace space = iota // a variable, a closable: nothing has to make it
	handleSpace
	eventSpace
	lockSpace
	semaphoreSpace
	queueSpace
)

// made is what operations make of a name: a set, as several can make the same one.
type made int

const (
	madeTask made = 1 << iota
	madeFuture
	madeOther
)

type argument struct {
	kind  kind
	space space
	makes made // the operation binds the name to such a thing
	needs made // a handle that is only used has to be one
}

// interior is what stands inside an operation, as its last argument.
type interior int

const (
	nothing interior = iota
	aBlock           // as good as the body around it
	aGroup
	aClosable
	aCallback
	aTry
)

type operation struct {
	arguments  []argument
	opens      interior
	inCallback bool // it may stand in a callback
}

// handlerKeys is what try can have, in the order in which it is read.
var handlerKeys = []string{"cancelled", "error", "timeout", "group", "finally"}

var (
	textArg      = argument{kind: aText}
	numberArg    = argument{kind: aNumber}
	timeArg      = argument{kind: aTime}
	countArg     = argument{kind: aCount}
	errorArg     = argument{kind: anErrorName}
	taskArg      = argument{kind: aTask}
	opsArg       = argument{kind: opsInside}
	nameArg      = argument{kind: aName}
	handleArg    = argument{kind: aName, space: handleSpace}
	futureArg    = argument{kind: aName, space: handleSpace, needs: madeFuture}
	newTaskArg   = argument{kind: aName, space: handleSpace, makes: madeTask}
	newFutureArg = argument{kind: aName, space: handleSpace, makes: madeFuture}
	eventArg     = argument{kind: aName, space: eventSpace}
	lockArg      = argument{kind: aName, space: lockSpace}
	semaphoreArg = argument{kind: aName, space: semaphoreSpace}
	queueArg     = argument{kind: aName, space: queueSpace}
)

// newIn is the name that an operation gives to something of a namespace other than that of handles.
func newIn(names space) argument {
	return argument{kind: aName, space: names, makes: madeOther}
}

var operations = map[string]operation{
	"log":         {arguments: []argument{textArg}, inCallback: true},
	"yield":       {},
	"sleep":       {arguments: []argument{timeArg}},
	"spawn":       {arguments: []argument{newTaskArg, taskArg}},
	"await":       {arguments: []argument{handleArg}},
	"return":      {arguments: []argument{numberArg}},
	"fail":        {arguments: []argument{errorArg}},
	"raise":       {},
	"try":         {arguments: []argument{opsArg, {kind: handlersInside}}, opens: aTry},
	"cancel":      {arguments: []argument{handleArg}, inCallback: true},
	"cancel_self": {},
	"cancelling":  {},
	"uncancel":    {},
	"state":       {arguments: []argument{handleArg}},
	"future":      {arguments: []argument{newFutureArg}},
	"resolve":     {arguments: []argument{futureArg, numberArg}, inCallback: true},
	"reject":      {arguments: []argument{futureArg, errorArg}, inCallback: true},
	"shield":      {arguments: []argument{handleArg}},
	"gather":      {arguments: []argument{{kind: nameList, space: handleSpace}, {kind: aFlag}}},
	"wait": {arguments: []argument{
		{kind: someNames, space: handleSpace}, {kind: aMode}, {kind: aTimeOrNull},
	}},
	"group":       {arguments: []argument{opsArg}, opens: aGroup},
	"gspawn":      {arguments: []argument{newTaskArg, taskArg}},
	"timeout":     {arguments: []argument{timeArg, opsArg}, opens: aBlock},
	"event_new":   {arguments: []argument{newIn(eventSpace)}},
	"event_set":   {arguments: []argument{eventArg}, inCallback: true},
	"event_clear": {arguments: []argument{eventArg}},
	"event_wait":  {arguments: []argument{eventArg}},
	"lock_new":    {arguments: []argument{newIn(lockSpace)}},
	"lock":        {arguments: []argument{lockArg, opsArg}, opens: aBlock},
	"sem_new":     {arguments: []argument{newIn(semaphoreSpace), countArg}},
	"sem":         {arguments: []argument{semaphoreArg, opsArg}, opens: aBlock},
	"queue_new":   {arguments: []argument{newIn(queueSpace), countArg}},
	"put":         {arguments: []argument{queueArg, numberArg}},
	"get":         {arguments: []argument{queueArg}},
	"call_soon":   {arguments: []argument{opsArg}, opens: aCallback, inCallback: true},
	"call_later":  {arguments: []argument{timeArg, opsArg}, opens: aCallback, inCallback: true},
	"var_set":     {arguments: []argument{nameArg, numberArg}},
	"var_get":     {arguments: []argument{nameArg}},
	"closable":    {arguments: []argument{nameArg, opsArg}, opens: aClosable},
	"repeat":      {arguments: []argument{countArg, opsArg}, opens: aBlock},
}
