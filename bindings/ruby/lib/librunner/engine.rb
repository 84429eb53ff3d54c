# frozen_string_literal: true

module Librunner
  # What is told when the library drops it: it has a method `dropped`.
  # @api private
  module Droppable
  end
  private_constant :Droppable

  # What a {Runner} stands for: the driver, and what Ruby knows of tasks, errors and values.
  # @api private
  class Engine < Driver
    C = Core

    # A failure of these ends the run at once.
    ABORTING = [SystemExit, SignalException].freeze

    # The message of a cancel that was given none.
    CANCELLED = C.runner_strerror(C::RUNNER_ECANCELED).freeze

    # What is open if the runner is forgotten, or nil. It refers to nothing of Ruby.
    Life = Struct.new(:core)

    attr_reader :runner, :core, :options, :failures, :life

    # That of the running task or callback of this thread.
    def self.current
      Driver.current or raise Librunner.error_for(C::RUNNER_ENOTASK)
    end

    # A name, or nil, that C can be told.
    def self.text(name)
      return if name.nil?

      text = String(name)
      raise ArgumentError, "a name must not contain a null byte" if readable(text).include?("\0")
      text
    end

    # What C and people can read of a text.
    def self.readable(text)
      text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
    end

    # It refers to the runner, which is forgotten only when all of its tasks are.
    def initialize(runner, options)
      super()
      @runner = runner
      @options = options
      @failures = {} # of tasks and futures, by id
      @gone = []     # ids of failures that C has forgotten
      @started = @ended = 0
      @state = :new
      @life = Life.new
    end

    def closed? = @state == :closed

    def running? = !thread.nil?

    # Makes what the library has of it, at its first use.
    def prepare
      raise Librunner.error_for(C::RUNNER_ECLOSED) if closed?

      make unless @core
      call_factory if @options.loop_factory && !@loop_made
      self
    end

    def inspect = to_s

    # ---- runs ----------------------------------------------------------------------------------

    # Runs a block as a main task: its value, or what it has raised.
    def run_main(block, name, context)
      check_thread
      prepare
      task = Task.new(self, block, Engine.text(name))
      context = context_id(context)
      @main = task unless running?
      code, forked = driving_or_forked { |alone| drive_run(task, task_fiber, context, alone) }
      crash, @crash = @crash, nil
      raise crash || forked if crash || forked
      return task.result if task.done? && outcome_code(task) == code

      raise Librunner.error_for(code, code == C::RUNNER_ECANCELED ? task.cancel_message : nil)
    ensure
      @crash = nil
    end

    # Closes what is left: the code.
    def close
      return 0 if closed?
      check_thread
      return 0 unless @core
      raise Librunner.error_for(C::RUNNER_EBUSY) if running?

      @main = nil
      @closing = true
      code = driving { |alone| drive_close(alone) }
      crash, @crash = @crash, nil
      raise crash if crash
      code
    ensure
      if @core
        C.runner_is_closed(@core) == 1 ? closed : unused
      end
    end

    # Nothing has used it: it can be made again.
    def unused
      return if running? || C.runner_host_count(@core) > 0 || steps > 0

      @core = @life.core = nil
      @state = :new
    end

    # A task of its own code ends the run by an exception that goes before all else.
    def abort(error)
      return if @crash

      @crash = error
      (@risen ||= {}.compare_by_identity)[error] = true # it is not reported as well
    end

    # ---- tasks ---------------------------------------------------------------------------------

    # Starts a task in a context or nil, and in a group, an id or 0.
    def spawn(block, name = nil, context = nil, group = 0)
      if @options.max_tasks && @started - @ended >= @options.max_tasks
        raise FiberError, "too many tasks: #{@options.max_tasks} are not done (option max_tasks)"
      end
      task = Task.new(self, block, Engine.text(name))
      code = start(task, task_fiber, group, context_id(context))
      raise Librunner.error_for(code) unless code.zero?

      task.site = spawn_site if @debug
      begins(task)
    end

    # The library knows a new task: called by the driver for main.
    def begins(task)
      number(task)
      tell_name(task.handle_id, task.name) if task.named?
      task
    end

    # A fiber for a task: made by who spawns it, so that it inherits that one's storage. It asks which task
    # runs. After one that has raised it ends: its stack would hold that one.
    def task_fiber
      idle_fiber || Fiber.new do
        nil while running.body && rest
        leave
      end
    end

    # A task has ended: how its body did.
    def finish(task, id, status, error)
      @main = :over if task.equal?(@main)
      @ended += 1
      return fail_task(task, id, error) if status == C::RUNNER_EUSER

      flags = task.lent ? 0 : C::RUNNER_HOST_RELEASED
      if error && Librunner.text_of(error) != CANCELLED # whoever awaits it is told the same
        @failures[id] = error
        value = id
      end
      how = done(id, status, flags, value || 0)
      how == status ? task.settle(status, error) : task.settle(how, cancelled_error(task))
    end

    # A task has ended that never ran, or that was given up: called by the driver.
    def ended(task, status)
      @ended += 1
      id = task.handle_id
      error = status == C::RUNNER_ECANCELED ? cancelled_error(task) : Librunner.error_for(status)
      if running.equal?(task)
        done(id, status, task.lent ? 0 : C::RUNNER_HOST_RELEASED, 0)
      else
        forget(id)
        command(C::RUNNER_HOST_RELEASE, id) unless task.lent
      end
      task.settle(status, error)
    end

    # Its fiber cannot run, for want of a stack or in this thread: called by the driver.
    def unable(task, error)
      @ended += 1
      error = FiberError.new("#{task.name} cannot run: #{error.message}")
      error.set_backtrace(task.backtrace || [])
      fail_task(task, task.handle_id, error)
    end

    # The failure of a task or future was given to somebody, in whatever thread.
    def take_failure(id, handle)
      return handle.release if closed?

      taken = proc do
        command(C::RUNNER_HOST_RESULT, id)
        handle.release
      end
      return taken.call if thread.nil? || thread == Thread.current

      slot = keep(taken)
      take(slot) unless post(slot).zero?
    end

    def tell_name(id, name)
      check
      C.runner_host_name(@core, id, name && Engine.readable(name))
    end

    # ---- errors --------------------------------------------------------------------------------

    # What a wait raises that has ended with a status and a value.
    def error_of(status, value)
      return cancelled_error(value) if status == C::RUNNER_ECANCELED
      @failures[value] || Librunner.error_for(status)
    end

    # The wait of the running task was cancelled: called by the driver.
    def cancelled(value)
      raise cancelled_error(value)
    end

    # ---- events --------------------------------------------------------------------------------

    # A callback is due: called by the driver.
    def called(slot)
      take(slot)&.call
    rescue CancelledError, StandardError, ScriptError, NoMemoryError, SystemStackError => e
      callback_failed(e)
    rescue Exception => e # rubocop:disable Lint/RescueException
      abort(e)
      command(C::RUNNER_HOST_STOP)
    end

    # A closable is to be closed: called by the driver.
    def closer(id, slot)
      closable = peek(slot)
      task = Task.new(self, proc { closable.close_now }, nil)
      task.lent = true
      place(id, task, task_fiber)
      number(task)
    end

    # Something is gone: called by the driver.
    def dropped(task, slot)
      forget_failures
      @gone << task if @failures.key?(task) # what is reported of it may come yet
      value = take(slot) unless slot.zero?
      value.dropped if Droppable === value # not one of the program's
    end

    private

    # Those that were gone in an earlier step.
    def forget_failures
      return if @gone_at == steps

      @gone.each do |id|
        @failures.delete(id)
        @sites&.delete(id)
      end
      @gone.clear
      @gone_at = steps
    end

    def make
      code, core = C.runner_new(@options.core)
      raise Librunner.error_for(code) unless code.zero?

      open(core)
      @core = core
      @debug = C.runner_debug(core) == C::RUNNER_ON
      @life.core = core
      @state = :open
    end

    # Whether a run or a close may begin here.
    def check_thread
      raise Librunner.error_for(C::RUNNER_ELOOP) if Driver.current
    end

    # The loop needs a fiber that blocks. Where that is not the first of the thread, fibers that end
    # need not lead back to it.
    def driving(&turning)
      return turned(false, &turning) if Fiber.current.blocking? && !Fork.inside?

      Fiber.new(blocking: true) { turned(true, &turning) }.resume
    end

    # A task that has forked ends the run in the child process, by what it raises itself if it does.
    def driving_or_forked(&turning)
      [driving(&turning), nil]
    rescue ForkError => e
      [nil, e]
    end

    def turned(alone)
      SignalTrap.around(self) do
        Scheduler.around(self) { yield alone }
      end
    end

    # The id of a context, or 0 for none.
    def context_id(context)
      case context
      when nil then 0
      when Context then context.id_in(self)
      else raise TypeError, "context: must be a Librunner::Context, not #{context.class}"
      end
    end

    def number(task)
      task.numbered(@started += 1)
    end

    # The code that a run ends with whose main task has ended so.
    def outcome_code(task)
      return C::RUNNER_ECANCELED if task.cancelled?
      task.failed? ? C::RUNNER_EUSER : 0
    end

    def fail_task(task, id, error)
      flags = 0
      abort(error) if forked?
      case error
      when *ABORTING
        abort(error)
        flags = C::RUNNER_HOST_ABORTS
      end
      @failures[id] = error
      (@sites ||= {})[id] = task.site if task.site
      done(id, C::RUNNER_EUSER, flags, id)
      # Once nobody can take the failure any more, the library reports it.
      task.settle(C::RUNNER_EUSER, error, task.lent ? nil : handle(id))
    end

    # by: the task that was cancelled, or the value with which its wait has ended.
    def cancelled_error(by)
      by = @failures[by] || task(by) if by.is_a?(Integer) && !by.zero?
      message = case by
      when Task then by.cancel_message
      when Exception then Librunner.text_of(by)
      end
      CancelledError.new(message || CANCELLED)
    end

    # What a close that was broken off has not told.
    def give_up
      tasks.each { |task| ended(task, C::RUNNER_EABANDONED) }
      drain.each { |value| value.dropped if Droppable === value }
    end

    def closed
      @executor&.close
      give_up
      @state = :closed
      @life.core = nil
      @failures.clear
      @risen = @sites = nil
    end
  end
  private_constant :Engine
end
