# frozen_string_literal: true

require "librunner/native"
require "librunner/version"
require "librunner/errors"
require "librunner/options"
require "librunner/outcome"
require "librunner/engine"
require "librunner/interrupt"
require "librunner/fork"
require "librunner/scheduler"
require "librunner/executor"
require "librunner/quirks"
require "librunner/awaiting"
require "librunner/task"
require "librunner/future"
require "librunner/combine"
require "librunner/context"
require "librunner/loop"
require "librunner/exception"
require "librunner/report"
require "librunner/runner"
require "librunner/construct"
require "librunner/group"
require "librunner/timeout"
require "librunner/event"
require "librunner/lock"
require "librunner/condition"
require "librunner/semaphore"
require "librunner/barrier"
require "librunner/queue"
require "librunner/closable"
require "librunner/generator"

# asyncio.Runner for Ruby: a runner owns an event loop, runs a main task on it, gives its value back,
# cancels it cleanly on Ctrl-C, and shuts everything down in a fixed order with nothing lost.
#
# @example
#   Librunner.run do
#     tasks = 3.times.map { |i| Librunner.spawn { sleep 0.1; i } }
#     tasks.map(&:await)   # => [0, 1, 2], after 0.1 seconds
#   end
# @since 0.1
module Librunner
  class << self
    # Runs the block as a task on a runner of its own, closes that, and gives the value of the block: the
    # main entry point of a program, as asyncio.run.
    # @param name [#to_s, nil] of the task
    # @param options [Hash] as of {Runner#initialize}
    # @yieldparam task [Task]
    # @return [Object] the value of the block
    # @raise [Interrupt] SIGINT has ended it
    # @raise [Exception] what the block has raised, the very object; else as of {Runner#run} and
    #   {Runner#close}
    def run(name: nil, **options, &block)
      raise ArgumentError, "no block given" unless block

      Runner.open(**options) { |runner| runner.run(name: name, &block) }
    end

    # Starts the block as a task of the running runner. It begins a turn later, and goes on after the one
    # that has started it has ended; at the latest the close of the runner cancels it.
    # @param name [#to_s, nil] for reports and for people
    # @param context [Context, nil] that it runs in; nil is a copy of that of the running task
    # @yieldparam task [Task]
    # @return [Task]
    # @raise [NoTaskError] nothing runs in this thread
    # @raise [FiberError] there are too many tasks
    # @raise [ArgumentError] there is no block
    def spawn(name: nil, context: nil, &block)
      raise ArgumentError, "no block given" unless block

      Engine.current.spawn(block, name, context)
    end

    # Waits for a time. `sleep` itself does the same in a task, unless the option `scheduler` is off.
    # @param seconds [Numeric, nil] nil is until the task is cancelled; 0 lets everything run that is ready
    # @return [nil]
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    def sleep(seconds = nil)
      Engine.current.sleep(seconds)
      nil
    end

    # Lets everything run that is ready, once.
    # @return [nil]
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    def yield
      Engine.current.yield
      nil
    end
  end
end
