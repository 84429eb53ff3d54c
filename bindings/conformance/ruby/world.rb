# frozen_string_literal: true

module Conformance
  # What a name of a task or a future is bound to. body: of a task.
  Handle = Struct.new(:awaitable, :body) do
    # Whether it is a task that the shutdown has given up. In asyncio such a task stays pending for
    # ever.
    def given_up?
      body && !body.ended? && awaitable.done? && !awaitable.cancelled?
    end
  end

  # What a program has while it runs. All tasks and callbacks of a runner run one at a time, and so does
  # whoever waits for its run: nothing here needs a lock.
  class World
    attr_reader :program, :runner, :loop, :trace, :handles, :events, :locks, :semaphores, :queues

    def initialize(program, text)
      @program = program
      @runner = Librunner::Runner.new(debug: false, clock: :virtual, exception_handler: method(:report))
      @loop = @runner.loop
      @trace = Trace.new(text, @loop)
      @handles = {}
      @events = {}
      @locks = {}
      @semaphores = {}
      @queues = {}
      @variables = {}
      @spawned = Hash.new(0) # by the tasks of a path
      @kept = []             # every task and future there ever was
      @closed_at = 0
    end

    # Gives a name to a task or future, which is held until the end.
    def bind(name, handle)
      @handles[name] = handle
      @kept << handle.awaitable
    end

    # What a name is bound to. Something in the program binds it, but perhaps not yet.
    def find(names, name)
      names[name] || raise(Failure, "NameError")
    end

    # A context variable, made on first use.
    def variable(name)
      @variables[name] ||= Librunner::ContextVar.new(name)
    end

    # Starts a task with the block: a task that is refused was not spawned, and has no number.
    def spawned(path, name)
      number = @spawned[path] + 1
      child = Body.new(self, "#{path}/#{name}##{number}", @program.tasks[name])
      task = yield child
      @spawned[path] = number
      Handle.new(task, child)
    end
  end
end
