# frozen_string_literal: true

require "logger"
require "stringio"
require_relative "helper"

# Errors that nobody can be given.
class TestException < LibrunnerTest
  ERROR = RuntimeError.new("mine")

  # What is reported in a run.
  def reported(**options, &block)
    contexts = []
    Librunner.run(exception_handler: contexts.method(:<<), **options, &block)
    contexts
  end

  # What is written to standard error.
  def errors_of(&block)
    _out, errors = capture_io(&block)
    errors
  end

  # A step that takes at least that long.
  def compute(seconds)
    over = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < over
  end

  def test_R093_a_failure_that_nobody_takes
    contexts = reported do
      Librunner.spawn(name: "loser") { raise ERROR }
      Librunner.sleep(0.001)
    end
    assert_equal 1, contexts.size
    context = contexts[0]
    assert_equal "Task exception was never retrieved", context.message
    assert_same ERROR, context.exception
    assert_equal "loser", context.name
    assert_nil context.code
    assert_nil context.duration
    assert_nil context.source
    assert_kind_of Librunner::ExceptionContext, context
  end

  def test_R093_a_task_without_a_name
    contexts = reported do
      Librunner.spawn { raise ERROR }
      Librunner.yield
    end
    assert_equal ["Task-2"], contexts.map(&:name)
  end

  def test_R093_a_failure_that_somebody_takes_is_not_reported
    [:await, :result, :exception].each do |take|
      assert_empty(reported do
        task = Librunner.spawn { raise ERROR }
        Librunner.sleep(0.001)
        begin
          task.public_send(take)
        rescue RuntimeError => e
          assert_same ERROR, e
        end
      end)
    end
  end

  def test_R093_failures_of_forgotten_tasks_are_all_reported_at_the_close
    contexts = []
    Librunner::Runner.open(exception_handler: contexts.method(:<<)) do |runner|
      runner.run do
        Fiber.new(blocking: true) { 50.times { |i| Librunner.spawn { raise "number #{i}" } } }.resume
        5.times do
          Librunner.yield
          GC.start
        end
      end
    end
    assert_equal 50, contexts.size
    assert_equal (0...50).map { |i| "number #{i}" }.sort, contexts.map { |it| it.exception.message }.sort
  end

  def test_R081_a_failure_in_a_cleanup_at_the_close
    contexts = reported do
      Librunner.spawn do
        Librunner.sleep
      ensure
        raise ERROR
      end
      Librunner.yield
    end
    assert_equal [ERROR], contexts.map(&:exception)
    assert_match(/shutdown/, contexts[0].message)
  end

  def test_R039_an_error_of_a_callback
    went_on = false
    contexts = reported do
      loop = Librunner.current_loop
      loop.call_soon { raise ERROR }
      loop.call_later(0) { raise ERROR }
      loop.call_soon_threadsafe { raise ERROR }
      Librunner.sleep(0.002)
      went_on = true
    end
    assert went_on
    assert_equal ["Exception in callback"] * 3, contexts.map(&:message)
    contexts.each { |context| assert_same ERROR, context.exception }
  end

  def test_R039_errors_of_every_class_in_a_callback
    kinds = [StandardError, ScriptError, NotImplementedError, NoMemoryError, SystemStackError,
             Librunner::CancelledError]
    contexts = reported do
      kinds.each { |kind| Librunner.current_loop.call_soon { raise kind, "mine" } }
      Librunner.current_loop.call_soon { throw :nobody }
      Librunner.yield
    end
    assert_equal kinds + [UncaughtThrowError], contexts.map { |context| context.exception.class }
  end

  def test_R037_R039_exceptions_that_end_programs_end_the_run
    [SystemExit.new(3), Interrupt.new("mine"), SignalException.new("SIGTERM")].each do |error|
      cancelled = false
      contexts = []
      raised = assert_raises(error.class) do
        Librunner.run(exception_handler: contexts.method(:<<)) do
          Librunner.current_loop.call_soon { raise error }
          begin
            Librunner.sleep(10)
          rescue Librunner::CancelledError
            cancelled = true
            raise
          end
        end
      end
      assert_same error, raised
      assert cancelled
      assert_empty contexts
    end
  end

  def test_R037_R038_what_has_ended_the_run_is_not_reported
    contexts = []
    Librunner::Runner.open(exception_handler: contexts.method(:<<)) do |runner|
      assert_raises(SystemExit) do
        runner.run do
          Librunner.spawn { exit(3) }
          Librunner.sleep
        end
      end
      assert_raises(SystemExit) { runner.run { exit(4) } }
      assert_equal 1, runner.run { Librunner.sleep(0.001) || 1 }
    end
    assert_empty contexts
  end

  def test_R198_a_handler_has_to_be_callable
    assert_raises(TypeError) { Librunner::Runner.new(exception_handler: 1) }
  end

  def test_a_handler_that_raises_changes_nothing
    errors = errors_of do
      got = Librunner.run(exception_handler: proc { raise ArgumentError, "in the handler" }) do
        Librunner.current_loop.call_soon { raise ERROR }
        Librunner.yield
        1
      end
      assert_equal 1, got
    end
    assert_match(/Exception in callback.*mine \(RuntimeError\)/m, errors)
    assert_match(/Unhandled error in exception handler.*in the handler \(ArgumentError\)/m, errors)
  end

  def test_a_handler_that_exits_ends_the_run
    errors = errors_of do
      assert_raises(SystemExit) do
        Librunner.run(exception_handler: proc { exit(3) }) do
          Librunner.current_loop.call_soon { raise ERROR }
          Librunner.sleep(10)
        end
      end
    end
    assert_match(/Exception in callback.*mine/m, errors)
  end

  def test_a_handler_may_use_the_loop
    tasks = []
    handler = proc { |context| tasks << Librunner.spawn { context.exception.message } }
    Librunner.run(exception_handler: handler) do
      Librunner.current_loop.call_soon { raise ERROR }
      Librunner.yield
      assert_equal ["mine"], tasks.map(&:await)
    end
  end

  def test_without_a_handler_it_is_written_to_standard_error
    errors = errors_of do
      Librunner.run do
        Librunner.spawn(name: "loser") { raise ERROR }
        Librunner.sleep(0.001)
      end
    end
    assert_match(/\ATask exception was never retrieved \(loser\)\n/, errors)
    assert_match(/#{Regexp.escape(__FILE__)}:\d+:in .*: mine \(RuntimeError\)$/, errors)
    assert_match(/^\tfrom /, errors)
  end

  def test_it_is_written_also_without_warnings
    program = "Librunner.run { Librunner.current_loop.call_soon { raise 'mine' }; Librunner.yield }"
    _out, errors, status = child(program, args: ["-W0"])
    assert_match(/Exception in callback/, errors)
    assert_match(/mine \(RuntimeError\)/, errors)
    assert_equal 0, status.exitstatus
    _out, errors, = child("$VERBOSE = nil; #{program}")
    assert_match(/mine \(RuntimeError\)/, errors)
  end

  def test_a_standard_error_that_nobody_reads_changes_nothing
    out, _errors, status = child(<<~RUBY)
      $stderr.close
      Librunner.run { Librunner.current_loop.call_soon { raise "mine" }; Librunner.sleep(0.001); puts "over" }
    RUBY
    assert_equal ["over\n", 0], [out, status.exitstatus]
  end

  def test_a_logger
    text = StringIO.new
    assert_empty(errors_of do
      Librunner.run(logger: Logger.new(text), debug: true, slow_callback: 0.01) do
        Librunner.current_loop.call_soon { raise ERROR }
        Librunner.current_loop.call_soon { compute(0.011) }
        Librunner.sleep(0)
      end
    end)
    assert_match(/ERROR -- : Exception in callback\n.*mine \(RuntimeError\)/, text.string)
    assert_match(/WARN -- : Executing a step took long \(0\.\d+ s\)/, text.string)
  end

  def test_a_logger_that_raises_changes_nothing
    logger = Object.new
    def logger.error(_text) = raise("full")
    def logger.warn(_text) = raise("full")
    errors = errors_of do
      Librunner.run(logger: logger) do
        Librunner.current_loop.call_soon { raise ERROR }
        Librunner.yield
      end
    end
    assert_match(/mine \(RuntimeError\)/, errors)
    assert_match(/The logger has failed: RuntimeError/, errors)
  end

  def test_an_exception_with_a_broken_message_is_logged
    broken = Class.new(StandardError) { def message = raise("worse") }
    bytes = RuntimeError.new("\xff\xfe".b)
    named = RuntimeError.new("grün".encode("ISO-8859-1"))
    errors = errors_of do
      Librunner.run do
        [broken.new, bytes, named].each do |error|
          Librunner.spawn(name: "größer") { raise error }
          Librunner.current_loop.call_soon { raise error }
        end
        Librunner.sleep(0.001)
      end
    end
    assert_equal 3, errors.scan("Exception in callback").size
    assert_equal 3, errors.scan("(größer)").size
    assert_match(/whose message can't be made/, errors)
    assert_match(/gr.n \(RuntimeError\)/, errors)
    assert_predicate errors, :valid_encoding?
  end

  def test_R073_in_debug_mode_it_says_where_the_task_was_spawned
    line = nil
    contexts = reported(debug: true, slow_callback: nil) do
      line = __LINE__ + 1
      Librunner.spawn { raise ERROR }
      Librunner::TaskGroup.open { |g| line2 = __LINE__; @grouped = [g.spawn { Librunner.current_task.site }, line2] }
      Librunner.sleep(0.001)
    end
    assert_equal ["#{__FILE__}:#{line}"], contexts.map(&:source)
    assert_match(/spawned at #{Regexp.escape(__FILE__)}:#{line}\)/, contexts[0].full_message)
    assert_equal "#{__FILE__}:#{@grouped[1]}", @grouped[0].result
  end

  def test_R070_a_slow_step_of_a_task_is_reported_in_debug_mode
    retrying do
      contexts = reported(debug: true, slow_callback: 0.3) do
        Librunner.spawn(name: "waits") { compute(0.31) || Librunner.yield }
        Librunner.spawn(name: "ends") { compute(0.31) }
        Librunner.spawn(name: "fast") { Librunner.sleep(0.35) }
        Librunner.sleep(0.5)
      end
      assert_equal %w[waits ends], contexts.map(&:name)
      contexts.each do |context|
        assert_operator context.duration, :>=, 0.3
        assert_nil context.exception
        assert_match(/took long/, context.message)
      end
    end
  end

  def test_R070_a_slow_callback_is_reported_in_debug_mode
    retrying do
      contexts = reported(debug: true, slow_callback: 0.3) do
        Librunner.current_loop.call_soon { compute(0.31) }
        Librunner.current_loop.call_soon { nil }
        Librunner.sleep(0.02)
      end
      assert_equal 1, contexts.size
      assert_operator contexts[0].duration, :>=, 0.3
      assert_nil contexts[0].task
    end
  end

  def test_R070_without_debug_mode_nothing_is_slow
    assert_empty(reported(debug: false, slow_callback: 0.001) do
      Librunner.current_loop.call_soon { compute(0.005) }
      compute(0.005)
      Librunner.sleep(0)
    end)
  end

  def test_a_context_tells_itself
    contexts = reported do
      Librunner.current_loop.call_soon { raise ERROR }
      Librunner.yield
    end
    assert_equal '#<Librunner::ExceptionContext "Exception in callback" RuntimeError>', contexts[0].inspect
    assert_match(/\AException in callback\n.*mine \(RuntimeError\)/, contexts[0].full_message)
  end

  def test_little_is_remembered_of_what_was_reported
    engine = nil
    reported = 0
    Librunner::Runner.open(exception_handler: proc { reported += 1 }) do |runner|
      engine = runner.instance_variable_get(:@engine)
      runner.run do
        20.times do
          Fiber.new(blocking: true) do
            100.times do
              Librunner.spawn { raise "lost" }
              Librunner.current_loop.create_future.reject(RuntimeError.new)
            end
          end.resume
          2.times do
            Librunner.sleep(0.001)
            GC.start
          end
        end
      end
      assert_operator reported, :>, 2000
      assert_operator engine.failures.size, :<, 4000 - reported + 300 # those of a batch
    end
    assert_equal 4000, reported
    assert_empty engine.failures
    assert_equal 0, engine.kept
  end
end
