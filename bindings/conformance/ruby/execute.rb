# frozen_string_literal: true

module Conformance
  # The runs of a program, and the close.
  class World
    # The failure of a future that nobody looks at. Such failures are reported last of all, which tells
    # the time of the close: the clock of a runner that is closed cannot be read.
    LAST = Failure.new("the last report")
    private_constant :LAST

    def execute
      @kept << @loop.create_future.tap { |future| future.reject(LAST) }
      @program.runs.each_with_index { |run, index| execute_run(run, index) }
      close
    end

    private

    def execute_run(run, index)
      context = Librunner::Context.new if run.fresh_context
      main = Body.new(self, run.task, @program.tasks[run.task])
      timers = start_interrupts(run.interrupt_at, main)
      outcome = Outcomes.of do
        @runner.run(name: run.task, context: context) do |task|
          @kept << task
          main.run
        end
      end
      timers.each(&:cancel)
      @trace.line("run", "#{index} #{outcome}")
    end

    def start_interrupts(times, main)
      times.map { |seconds| @loop.call_later(seconds) { interrupt(main) } }
    end

    # The handler has run when the signal is sent, as that is done in the main thread. One that comes after
    # the end of main would be sent again once the run is over, where nothing can take it back.
    def interrupt(main)
      main.ended? ? @runner.interrupt : Process.kill(:INT, Process.pid)
    end

    def close
      @runner.close
      what = "closed"
    rescue Librunner::DeadlockError
      what = "closed deadlock"
    rescue Exception => e
      what = "closed #{Outcomes.of_error(e)}"
    ensure
      @trace.line_at(@closed_at, what)
    end

    # The exception handler.
    def report(exception)
      error = exception.exception
      if error.equal?(LAST)
        @closed_at = @trace.now
      else
        what = error ? Outcomes.of_error(error) : "nothing"
        @trace.line("report", "#{whose(exception)} #{what}")
      end
    end

    # The name of a task is its path.
    def whose(exception)
      name = exception.name || "none"
      name.start_with?("~") ? "closable" : name
    end
  end
end
