# frozen_string_literal: true

module Librunner
  # Runs main tasks, one after the other, on a loop that they share, as asyncio.Runner. What one of them
  # leaves goes on in the next; {#close} ends it.
  #
  # @example
  #   Librunner::Runner.open do |runner|
  #     runner.run { Librunner.sleep(0.1); 42 }   # => 42
  #   end
  # @since 0.1
  class Runner
    # What it needs is made by its first use, which also tells if that fails.
    #
    # @param options [Hash]
    # @option options [Boolean, nil] :debug debug mode: steps that take too long are reported,
    #   and where tasks were spawned; nil is what the variable LIBRUNNER_DEBUG says
    # @option options [:real, :virtual] :clock a virtual clock stands still while anything is
    #   ready, and else jumps to the next deadline: for tests
    # @option options [Boolean] :deadlock whether a run in which nothing can wake a task any
    #   more ends with {DeadlockError}; {Loop#hold} says that some other thread will
    # @option options [Boolean] :signals whether Ctrl-C interrupts a run, in the main thread and
    #   unless the program has a handler for SIGINT
    # @option options [Boolean] :scheduler whether tasks wait in `sleep`, sockets,
    #   `Thread::Queue` and so on without holding up others, by a Fiber::Scheduler
    # @option options [#call, nil] :loop_factory called once, with the runner's {Loop}, before
    #   its first run
    # @option options [Integer, nil] :executor_threads most threads of {Librunner.in_thread};
    #   nil is the number of processors and 4, at most 32
    # @option options [Numeric, nil] :join_timeout how many seconds {#close} waits for these
    #   threads; nil is without limit
    # @option options [Numeric, nil] :cancel_grace how many seconds {#close} waits for the tasks
    #   that it has cancelled, before it gives them up; nil is without limit
    # @option options [Numeric, nil] :closable_grace the same for closables and generators
    # @option options [Numeric] :slow_callback debug mode: how many seconds make a step slow
    # @option options [Integer, nil] :poll_interval how many iterations may pass between two
    #   looks at the system while tasks are ready; nil is 61
    # @option options [Integer, nil] :max_tasks most tasks that are not done; nil is what the
    #   system has fibers for
    # @option options [#call, nil] :exception_handler called with an {ExceptionContext} for
    #   every error that nobody can be given; nil is the logger
    # @option options [#error, #warn, nil] :logger where such errors are logged; nil is standard
    #   error
    # @raise [ArgumentError, TypeError] an option that is unknown or out of range
    def initialize(**options)
      @engine = Engine.new(self, Options.new(**options))
      ObjectSpace.define_finalizer(self, Runner.forgotten(@engine.life, Process.pid))
    end

    # Makes a runner, gives it to the block, and closes it in any case.
    # @param options [Hash] as of {#initialize}
    # @yieldparam runner [Runner]
    # @return [Object] the value of the block
    # @raise [ArgumentError] there is no block
    def self.open(**options)
      raise ArgumentError, "no block given" unless block_given?

      runner = new(**options)
      begin
        value = yield runner
      rescue Exception # rubocop:disable Lint/RescueException
        runner.close_after_error
        raise
      else
        runner.close
        value
      ensure
        runner.close_after_error unless runner.closed? # the block was left by throw, break or a kill
      end
    end

    # Runs the block as a task, until it ends. What it leaves, other tasks, waits for the next run.
    #
    # SIGINT cancels the task; a second one ends the run, and leaves the task where it is.
    # @param context [Context, nil] that it runs in; nil is the runner's own, in which variables that one
    #   run has set are there for the next
    # @param name [#to_s, nil] of the task
    # @yieldparam task [Task]
    # @return [Object] the value of the block
    # @raise [Interrupt] SIGINT has ended it
    # @raise [DeadlockError] every task waits, and nothing can wake one
    # @raise [RunningError] called inside of a run
    # @raise [ClosedError] the runner is closed
    # @raise [BusyError] another thread runs it, or another Fiber::Scheduler has this thread
    # @raise [ForkError] it was made in the parent process
    # @raise [ArgumentError] there is no block
    # @raise [Exception] what the block has raised, the very object
    def run(context: nil, name: nil, &block)
      raise ArgumentError, "no block given" unless block

      @engine.run_main(block, name, context)
    end

    # @return [Loop] its loop, which is made if it is not there yet
    # @raise [ClosedError] the runner is closed
    def loop = @engine.prepare.loop_object

    # Ends what is left, in order: it cancels every task and waits for them, closes closables and
    # generators, and waits for threads. What it found on the way stands in {#report}. The runner is closed
    # afterwards also if this raises. It may be called again, and then does nothing; a runner that was never
    # used stays usable.
    # @return [nil]
    # @raise [TimeoutError] a grace was over
    # @raise [DeadlockError] a task waited for what could not come
    # @raise [Interrupt] SIGINT has ended it
    # @raise [RunningError] called inside of a run
    # @raise [BusyError] another thread runs it
    def close
      code = @engine.close
      raise Librunner.error_for(code) unless code.zero?
    end

    # @return [Boolean] whether it was closed
    def closed? = @engine.closed?

    # @return [Boolean] whether it runs or is being closed. Any thread may ask
    def running? = @engine.running?

    # Does what SIGINT does: it cancels the main task that runs; a second one ends the run and leaves main
    # where it is. Any thread may call it.
    # @return [Boolean] false if nothing runs
    def interrupt = @engine.interrupt

    # @return [Report] what the close has found
    def report = @engine.report

    def inspect
      "#<#{self.class} #{closed? ? "closed" : running? ? "running" : "idle"}>"
    end

    # What was raised goes before what the close says.
    # @api private
    def close_after_error
      close
    rescue Error, CancelledError, SystemExit, SignalException
      nil # an error of the close stands in the report
    end

    # What is done for a runner that is collected while it is open: a complaint, and its tasks are given up.
    # @api private
    def self.forgotten(life, pid)
      proc do
        if life.core && Process.pid == pid
          warn "Librunner::Runner was never closed: what it has left is lost"
          Core.runner_free(life.core)
        end
      end
    end
  end
end
