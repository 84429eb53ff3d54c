# frozen_string_literal: true

require "etc"

module Librunner
  # The threads of {Librunner.in_thread}: made when they are needed, kept until the close of the runner.
  # @api private
  class Executor
    C = Core

    # The name under which a thread keeps the variables of its job.
    VARIABLES = :librunner_variables

    # The storage of fibers, of Ruby 3.2 and later, follows a block into its thread.
    STORAGE = Fiber.method_defined?(:storage)

    # A block on its way.
    class Job
      # over: it has ended; the loop hears of that later. unheard: it could not be told its error.
      attr_reader :error, :over, :unheard

      def initialize(engine, block)
        @engine = engine
        @block = block
        @variables = engine.variables_now
        @storage = Fiber.current.storage if STORAGE
      end

      attr_writer :id

      # In its thread: keeps what the block does. The block given here is called before the loop hears of it.
      def run
        inherit
        @value = @block.call
        ended = true
      rescue Exception => e # rubocop:disable Lint/RescueException
        @error = e
      ensure
        @error ||= ThreadError.new("the thread of Librunner.in_thread was killed") unless ended
        disinherit
        @block = nil
        @over = true
        yield
        tell
      end

      # Its value, or what it has raised, the very object.
      def outcome
        @taken = true
        raise @error if @error
        @value
      end

      # It will not be run.
      def drop
        @engine.command(C::RUNNER_HOST_JOB_END, @id)
      end

      # Nobody waits for it any more.
      def leave
        @left = true
        report if @error
      end

      # Of its error.
      def report
        @engine.job_failed(@error) unless @reported
        @reported = true
      end

      private

      def inherit
        Thread.current.thread_variable_set(VARIABLES, @variables)
        @storage&.each { |key, value| Fiber[key] = value }
      end

      def disinherit
        Thread.current.thread_variable_set(VARIABLES, nil)
        @storage&.each_key { |key| Fiber[key] = nil }
      end

      # The loop hears first that it has ended, and then of an error that nobody has waited for. The close may
      # come to its end in between.
      def tell
        code = C.runner_host_job_end(@engine.core, @id, 0, 0)
        return unless @error

        slot = @engine.keep(proc { report if @left })
        return if code.zero? && @engine.post(slot).zero?

        @engine.take(slot)
        @unheard = !@taken && !@reported
      end
    end

    def self.most_threads = [Etc.nprocessors + 4, 32].min

    def initialize(engine)
      @engine = engine
      @most = engine.options.executor_threads || Executor.most_threads
      @queue = Thread::Queue.new
      # Each change of these is one step for all threads.
      @waiting = {}.compare_by_identity # jobs that no thread has taken
      @open = {}.compare_by_identity    # jobs that have not ended
      @busy = {}.compare_by_identity    # threads that have taken one
      @late = Thread::Queue.new # jobs with an error of which the loop has not heard
      @threads = [] # that are to be joined
      @size = 0     # how many there are that look for jobs
    end

    # It stands in the queue before threads are counted: one that ends looks there afterwards.
    def start(job)
      @open[job] = @waiting[job] = true
      @queue << job
      add_thread
    rescue Exception # rubocop:disable Lint/RescueException
      take_back(job)
      raise
    end

    # Nobody waits for it any more: it is not run, if it was not begun.
    def take_back(job)
      return job.leave unless @waiting.delete(job)

      @open.delete(job)
      job.drop
    end

    # No further one comes. Threads whose blocks the close has given up are left behind.
    def close
      @queue.close
      @waiting.clear
      @threads.select { |thread| done?(thread) }.each(&:join)
      @late.close
      while (job = @late.pop)
        job.report
      end
    end

    private

    # It is through with its job, or has none.
    def done?(thread)
      job = @busy[thread] # which the thread takes out at any time
      job.nil? || job.over
    end

    # One more, if there are fewer than jobs and than there may be.
    def add_thread
      most = [@open.size, @most].min
      return if @size >= most

      @size += 1 # now: it may have ended before it stands among the others
      @threads.reject(&:alive?).each { |ended| @threads.delete(ended) }
      thread = Thread.new { work(Process.pid) }
      thread.priority = -1
      thread.report_on_exception = false
      @threads << thread
    rescue ThreadError
      @size -= 1
      raise if @size.zero?
    end

    def work(pid)
      Thread.current.name = "librunner"
      Fiber.current.storage&.each_key { |key| Fiber[key] = nil } if STORAGE
      while (job = @queue.pop)
        @busy[Thread.current] = job
        run(job, pid) if @waiting.delete(job)
        @busy.delete(Thread.current)
      end
    ensure
      gone unless job.nil?
    end

    # Whoever hears that it has ended finds the thread free for the next one.
    def run(job, pid)
      job.run { @open.delete(job) }
    ensure
      hand_in(job) if job.unheard
      # In a child process that a block has forked and goes on in, there is nobody else.
      exit_child(job) unless Process.pid == pid
    end

    # The close tells its error, unless it is over.
    def hand_in(job)
      @late << job
    rescue ClosedQueueError
      @engine.left_behind(job.error)
    end

    def exit_child(job)
      @queue.clear # the parent's
      raise job.error if job.error
      Thread.exit
    end

    # The thread was killed by the block that it ran.
    def gone
      @busy.delete(Thread.current)
      @size -= 1
      add_thread unless @queue.empty? || @queue.closed?
    end
  end
  private_constant :Executor

  class Engine
    # Runs a block in a thread, and waits for it.
    def in_thread(block)
      raise Librunner.error_for(C::RUNNER_ENOTASK) unless running

      job = Executor::Job.new(self, block)
      command!(C::RUNNER_HOST_JOB)
      future = b
      job.id = id
      executor.start(job)
      begin
        wait(C::RUNNER_HOST_AWAIT, future)
        ended = true
      ensure
        executor.take_back(job) unless ended
        command(C::RUNNER_HOST_RELEASE, future)
      end
      job.outcome
    end

    # A block has failed that nobody waits for.
    def job_failed(error)
      hand_over(ExceptionContext.new("A block of in_thread has failed after its wait was cancelled",
        exception: error))
    end

    # The same, after the close.
    def left_behind(error)
      report_exception(ExceptionContext.new("A block of in_thread has failed after the close", exception: error))
    end

    private

    def executor = @executor ||= Executor.new(self)
  end

  class << self
    # Runs the block in a thread, beside the tasks, and waits for it: for what blocks or takes long. The
    # thread is one of the runner's, at most `executor_threads` of {Runner#initialize}; those that are
    # missing are waited for. {Runner#close} joins them.
    #
    # The block belongs to no task: of this library it can use {Loop#call_soon_threadsafe}, and
    # {ContextVar}, of which it sees a copy.
    #
    # If the task is cancelled, a block that has not begun is not run; one that has goes on, its value is
    # dropped, and its error is reported.
    # @return [Object] the value of the block
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ClosedError] the runner is being closed, and has waited for the threads already
    # @raise [ThreadError] no thread can be made, or the block has ended its thread
    # @raise [ArgumentError] there is no block
    # @raise [Exception] what the block has raised, the very object
    # @example
    #   Librunner.in_thread { Digest::SHA256.file("large").hexdigest }
    # @since 0.1
    def in_thread(&block)
      raise ArgumentError, "no block given" unless block

      Engine.current.in_thread(block)
    end
  end
end
