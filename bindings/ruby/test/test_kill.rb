# frozen_string_literal: true

require_relative "helper"

# Thread#kill and Thread#raise on the thread that runs, signals that end the process, exit and abort.
class TestKill < LibrunnerTest
  def setup = @log = Thread::Queue.new

  def logged = Array.new(@log.size) { @log.pop }

  # A thread that runs the block, once it says so.
  def running(&block)
    ready = Thread::Queue.new
    thread = Thread.new do
      Thread.current.report_on_exception = false
      Librunner.run { |task| block.call(task, ready) }
    ensure
      @log << "left"
    end
    ready.pop
    thread
  end

  # The same, once its loop waits: what comes before that meets the task that runs.
  def waiting(&block) = running(&block).tap { |thread| Thread.pass until thread.stop? }

  # With a task beside main that notes its end.
  def beside
    Librunner.spawn do
      Librunner.sleep 60
    ensure
      Librunner.sleep 0.001
      @log << "child"
    end
    Librunner.yield
  end

  def test_a_kill_while_the_loop_waits_ends_the_run_and_cancels_what_is_left
    thread = waiting do |_, ready|
      beside
      ready << 1
      Librunner.sleep 60
    ensure
      Librunner.sleep 0.001
      @log << "main"
    end
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_equal %w[main child left], logged.sort_by { |x| %w[main child left].index(x) }
  end

  def test_a_kill_while_main_runs_unwinds_it
    thread = running do |_, ready|
      beside
      ready << 1
      loop { nil }
    ensure
      @log << "main"
    end
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_equal %w[child left main], logged.sort
  end

  def test_a_kill_while_a_child_runs_unwinds_it
    thread = running do |_, ready|
      Librunner.spawn do
        ready << 1
        loop { nil }
      ensure
        @log << "busy"
      end
      beside
    ensure
      @log << "main"
    end
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_includes logged, "busy"
  end

  def test_a_kill_while_a_cleanup_that_waits_runs
    thread = running do |_, ready|
      ready << 1
      loop { nil }
    ensure
      Librunner.sleep 0.001
      @log << "main"
    end
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_includes logged, "left"
  end

  def test_a_kill_in_a_callback
    ready = Thread::Queue.new
    thread = Thread.new do
      Librunner::Runner.open do |runner|
        runner.run do
          runner.loop.call_soon do
            ready << 1
            loop { nil }
          end
          beside
          Librunner.sleep 60
        ensure
          @log << "main"
        end
      end
    end
    ready.pop
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_equal %w[main], logged - %w[child]
  end

  def test_a_thread_that_kills_itself_in_a_task
    thread = running do |_, ready|
      beside
      ready << 1
      Thread.current.kill
      flunk
    ensure
      @log << "main"
    end
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_equal %w[child left main], logged.sort
  end

  def test_a_raise_while_the_loop_waits_comes_out_of_the_run
    thread = waiting do |_, ready|
      beside
      ready << 1
      Librunner.sleep 60
    ensure
      @log << "main"
    end
    error = RuntimeError.new("from outside")
    thread.raise(error)
    assert_same error, assert_raises(RuntimeError) { thread.join(30) }
    assert_equal %w[child left main], logged.sort
  end

  def test_a_raise_while_main_runs_is_an_error_of_main
    thread = running do |_, ready|
      beside
      begin
        ready << 1
        loop { nil }
      rescue KeyError => e
        @log << "main: #{e.message}"
        raise
      end
    end
    error = KeyError.new("from outside")
    thread.raise(error)
    assert_same error, assert_raises(KeyError) { thread.join(30) }
    assert_equal ["child", "left", "main: from outside"], logged.sort
  end

  def test_the_runner_is_usable_after_a_raise
    Librunner::Runner.open do |runner|
      main = Thread.current
      20.times do
        thread = Thread.new do
          Thread.pass until runner.running?
          main.raise(KeyError)
        end
        assert_raises(KeyError) { runner.run { Librunner.sleep 60 } && raise(KeyError) }
        thread.join
        refute_predicate runner, :running?
      end
      assert_equal 1, runner.run { 1 }
    end
  end

  def test_timeout_around_a_run
    begun = cleaned = false
    time = 0.1
    until begun # unless the machine is too slow for that time
      cleaned = false
      assert_raises(Timeout::Error) do
        Timeout.timeout(time *= 2) do
          Librunner.run do
            begun = true
            Librunner.sleep 600
          ensure
            Librunner.yield
            cleaned = true
          end
        end
      end
    end
    assert cleaned
  end

  # A thread that closes a runner whose task does not end by itself: the thread, the runner, the task.
  def closing
    ready = Thread::Queue.new
    runner = Librunner::Runner.new
    thread = Thread.new do
      Thread.current.report_on_exception = false
      runner.run do
        Librunner.register("closable") { flunk }
        runner.loop.call_later(60) { flunk }
        task = Librunner.spawn do
          Librunner.sleep 60
        ensure
          ready << task
          Librunner.sleep 60
        end
        Librunner.yield
      end
      runner.close
    end
    task = ready.pop
    Thread.pass until thread.stop? # the close waits: a kill before that would unwind the task that runs
    [thread, runner, task]
  end

  def assert_given_up(runner, task)
    assert_predicate runner, :closed?
    assert_predicate task, :done?
    assert_raises(Librunner::AbandonedError) { task.await }
    engine = runner.instance_variable_get(:@engine)
    assert_empty engine.tasks
    assert_equal 0, engine.kept
    assert_nil runner.close
  end

  def test_a_kill_during_a_close_gives_up_what_is_left
    thread, runner, task = closing
    thread.kill
    assert_same thread, thread.join(30), "it hangs: #{thread.backtrace}"
    assert_given_up(runner, task)
  end

  def test_a_raise_during_a_close_gives_up_what_is_left
    thread, runner, task = closing
    error = KeyError.new("mine")
    thread.raise(error)
    assert_same error, assert_raises(KeyError) { thread.join(30) }
    assert_given_up(runner, task)
  end

  # ---- in the middle of the library ----------------------------------------------------------------

  # A runner one of whose own methods, once it is through, is met by an error of another thread.
  def met_in(method, error)
    Librunner::Runner.new.tap do |runner|
      engine = runner.instance_variable_get(:@engine)
      engine.define_singleton_method(:met!) do
        define_singleton_method(method) do |*args|
          singleton_class.remove_method(method)
          public_send(method, *args) unless method == :finish # there, before it
          Thread.current.raise(error)
        end
      end
    end
  end

  def test_a_raise_that_meets_a_task_at_its_end_comes_out_of_the_run_and_the_task_is_over
    error = KeyError.new("mine")
    runner = met_in(:finish, error)
    tasks = []
    raised = assert_raises(KeyError) do
      runner.run do
        tasks << Librunner.spawn { Librunner.yield }
        tasks << Librunner.spawn { Librunner.yield || runner.instance_variable_get(:@engine).met! }
        tasks << Librunner.spawn { Librunner.yield || Librunner.yield || 7 }
        Librunner.sleep 60
      end
    end
    assert_same error, raised
    assert_predicate tasks[1], :cancelled?
    assert_equal 7, runner.run { tasks[2].await }
    assert_nil runner.close
  end

  def test_a_raise_that_meets_who_registers_a_closable
    error = KeyError.new("mine")
    runner = met_in(:register, error)
    runner.run do
      runner.instance_variable_get(:@engine).met!
      assert_same error, assert_raises(KeyError) { Librunner.register { @log << "closed" } }
    end
    assert_nil runner.close
    assert_equal %w[closed], logged
  end

  def test_a_raise_that_meets_who_makes_a_timer
    error = KeyError.new("mine")
    runner = met_in(:id, error)
    runner.run do
      runner.instance_variable_get(:@engine).met!
      assert_same error, assert_raises(KeyError) { runner.loop.call_later(0.001) { @log << "called" } }
      Librunner.sleep 0.002
    end
    assert_nil runner.close
    assert_equal %w[called], logged
  end

  # ---- the process ---------------------------------------------------------------------------------

  # errors: a Regexp, or nil if nothing may be written.
  def assert_child(program, lines, status, errors: nil, signal: nil)
    out, written, ended = child(program) do |pid, seen|
      Process.kill(signal, pid) if signal && seen.until("ready")
    end
    assert_equal lines, out.lines(chomp: true), written
    assert_equal status, ended.signaled? ? "SIG#{Signal.signame(ended.termsig)}" : ended.exitstatus, written
    errors ? assert_match(errors, written) : assert_empty(written)
  end

  LEFT = <<~'RUBY'
    def left
      Librunner.spawn do
        Librunner.sleep 60
      ensure
        Librunner.sleep 0.001
        puts "child"
      end
      Librunner.yield
    end

    def noting(what)
      yield
    ensure
      puts what
    end
  RUBY
  private_constant :LEFT

  def test_exit_in_main
    assert_child(LEFT + <<~'RUBY', %w[main child at_exit], 3)
      at_exit { puts "at_exit" }
      Librunner.run { left; noting("main") { exit 3 } }
    RUBY
  end

  def test_exit_in_a_child
    assert_child(LEFT + <<~'RUBY', %w[main child at_exit], 4)
      at_exit { puts "at_exit" }
      Librunner.run { left; Librunner.spawn { exit 4 }; noting("main") { Librunner.sleep 60 } }
    RUBY
  end

  def test_exit_in_a_callback
    assert_child(LEFT + <<~'RUBY', %w[main], 3)
      Librunner.run { Librunner.current_loop.call_soon { exit 3 }; noting("main") { Librunner.sleep 60 } }
    RUBY
  end

  def test_exit_in_a_closable
    assert_child(<<~'RUBY', %w[closed], 3)
      Librunner.run do
        Librunner.register { exit 3 }
        Librunner.register { Librunner.sleep 0.01; puts "closed" }
      end
    RUBY
  end

  def test_exit_in_an_ensure
    assert_child(<<~'RUBY', [], 3)
      Librunner.run do
        raise "x"
      ensure
        exit 3
      end
    RUBY
  end

  def test_exit_without_more_ado
    assert_child(LEFT + "Librunner.run { left; exit! 5 }", [], 5)
  end

  def test_abort_says_why
    assert_child(LEFT + "Librunner.run { left; abort 'why' }", %w[child], 1, errors: /\Awhy\n\z/)
  end

  def test_an_error_of_main_ends_the_program_with_its_trace
    assert_child(LEFT + "Librunner.run { left; raise 'mine' }", %w[child], 1, errors: /-e:\d+:in .*mine \(RuntimeError\)/)
  end

  def test_a_run_in_at_exit
    assert_child(<<~'RUBY', %w[main at_exit 7], 0)
      at_exit do
        puts "at_exit"
        puts Librunner.run { Librunner.spawn { Librunner.sleep(0.001) || 7 }.await }
      end
      Librunner.run { puts "main" }
    RUBY
  end

  def test_what_a_task_leaves_for_at_exit_runs_after_it
    assert_child(<<~'RUBY', ["main", "Librunner::NoTaskError"], 0)
      Librunner.run do
        at_exit do
          Librunner.sleep 0
        rescue Librunner::Error => e
          puts e.class
        end
        puts "main"
      end
    RUBY
  end

  def test_R140_SIGTERM_cancels_what_is_left
    assert_child(LEFT + <<~'RUBY', %w[ready main child], "SIGTERM", signal: :TERM)
      Librunner.run { left; noting("main") { puts "ready"; Librunner.sleep 60 } }
    RUBY
  end

  def test_R140_SIGTERM_in_a_loop_that_never_waits
    assert_child(LEFT + <<~'RUBY', %w[ready main child], "SIGTERM", signal: :TERM)
      Librunner.run { left; noting("main") { puts "ready"; loop {} } }
    RUBY
  end

  def test_a_SIGTERM_that_the_program_handles
    assert_child(<<~'RUBY', %w[ready cancelled bye], 0, signal: :TERM)
      Librunner.run do |main|
        loop = Librunner.current_loop
        trap("TERM") { loop.call_soon_threadsafe { main.cancel } }
        puts "ready"
        Librunner.sleep 60
      rescue Librunner::CancelledError
        puts "cancelled"
      end
      puts "bye"
    RUBY
  end

  def test_SIGINT_in_main_that_joins_a_thread_with_a_run
    assert_child(LEFT + <<~'RUBY', %w[ready cleaned], "SIGINT", signal: :INT, errors: /Interrupt/)
      thread = Thread.new { Librunner.run { noting("cleaned") { puts "ready"; Librunner.sleep 60 } } }
      begin
        thread.join
      ensure
        thread.kill.join
      end
    RUBY
  end

  def test_a_process_that_ends_with_a_run_in_another_thread
    assert_child(LEFT + <<~'RUBY', %w[cleaned], 0)
      ready = Thread::Queue.new
      Thread.new { Librunner.run { noting("cleaned") { ready << 1; Librunner.sleep 60 } } }
      ready.pop
    RUBY
  end

  def test_a_process_that_ends_with_a_busy_run_in_another_thread
    assert_child(<<~'RUBY', [], 0)
      ready = Thread::Queue.new
      Thread.new { Librunner.run { ready << 1; loop { Librunner.yield } } }
      ready.pop
    RUBY
  end
end
