# frozen_string_literal: true

module Conformance
  # The operations of the language: their arguments, and where they may stand.
  module Language
    # The kinds of arguments in the words of an offence.
    KINDS = {
      text: "a text",
      number: "a number",
      time: "a time",
      count: "a count", # a number that is not negative
      name: "a name",
      names: "a list of names",
      some_names: "a list of names", # at least one
      error_name: "an error name",
      task: "a task",
      ops: "a list of operations",
      handlers: "handlers",
      flag: "true or false",
      mode: "a mode",
      time_or_null: "a time or null"
    }.freeze

    # What try can have, in the order in which it is read.
    HANDLERS = %w[cancelled error timeout group finally].freeze

    # space: the namespace in which something has to make the name; a variable and a closable have
    #   none, as nothing has to make them.
    # makes: what the operation binds the name to.
    # needs: what a handle that is only used has to be.
    Argument = Struct.new(:kind, :space, :makes, :needs)

    # opens: what stands inside the operation, as its last argument.
    # in_callback: it may stand in a callback.
    Operation = Struct.new(:arguments, :opens, :in_callback)

    def self.operation(*arguments, opens: nil, in_callback: false)
      Operation.new(arguments, opens, in_callback).freeze
    end

    def self.a(kind, space = nil, makes: nil, needs: nil)
      Argument.new(kind, space, makes, needs).freeze
    end
    private_class_method :operation, :a

    TEXT = a(:text)
    NUMBER = a(:number)
    TIME = a(:time)
    COUNT = a(:count)
    ERROR = a(:error_name)
    TASK = a(:task)
    OPS = a(:ops)
    NAME = a(:name)
    HANDLE = a(:name, :handle)
    FUTURE = a(:name, :handle, needs: :future)
    NEW_TASK = a(:name, :handle, makes: :task)
    EVENT = a(:name, :event)
    LOCK = a(:name, :lock)
    SEMAPHORE = a(:name, :semaphore)
    QUEUE = a(:name, :queue)
    private_constant :TEXT, :NUMBER, :TIME, :COUNT, :ERROR, :TASK, :OPS, :NAME, :HANDLE, :FUTURE,
                     :NEW_TASK, :EVENT, :LOCK, :SEMAPHORE, :QUEUE

    OPERATIONS = {
      "log" => operation(TEXT, in_callback: true),
      "yield" => operation,
      "sleep" => operation(TIME),
      "spawn" => operation(NEW_TASK, TASK),
      "await" => operation(HANDLE),
      "return" => operation(NUMBER),
      "fail" => operation(ERROR),
      "raise" => operation,
      "try" => operation(OPS, a(:handlers), opens: :try),
      "cancel" => operation(HANDLE, in_callback: true),
      "cancel_self" => operation,
      "cancelling" => operation,
      "uncancel" => operation,
      "state" => operation(HANDLE),
      "future" => operation(a(:name, :handle, makes: :future)),
      "resolve" => operation(FUTURE, NUMBER, in_callback: true),
      "reject" => operation(FUTURE, ERROR, in_callback: true),
      "shield" => operation(HANDLE),
      "gather" => operation(a(:names, :handle), a(:flag)),
      "wait" => operation(a(:some_names, :handle), a(:mode), a(:time_or_null)),
      "group" => operation(OPS, opens: :group),
      "gspawn" => operation(NEW_TASK, TASK),
      "timeout" => operation(TIME, OPS, opens: :block),
      "event_new" => operation(a(:name, :event, makes: :event)),
      "event_set" => operation(EVENT, in_callback: true),
      "event_clear" => operation(EVENT),
      "event_wait" => operation(EVENT),
      "lock_new" => operation(a(:name, :lock, makes: :lock)),
      "lock" => operation(LOCK, OPS, opens: :block),
      "sem_new" => operation(a(:name, :semaphore, makes: :semaphore), COUNT),
      "sem" => operation(SEMAPHORE, OPS, opens: :block),
      "queue_new" => operation(a(:name, :queue, makes: :queue), COUNT),
      "put" => operation(QUEUE, NUMBER),
      "get" => operation(QUEUE),
      "call_soon" => operation(OPS, opens: :callback, in_callback: true),
      "call_later" => operation(TIME, OPS, opens: :callback, in_callback: true),
      "var_set" => operation(NAME, NUMBER),
      "var_get" => operation(NAME),
      "closable" => operation(NAME, OPS, opens: :closable),
      "repeat" => operation(COUNT, OPS, opens: :block)
    }.freeze
  end
end
