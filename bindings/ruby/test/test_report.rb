# frozen_string_literal: true

require_relative "helper"

# What the close of a runner has found.
class TestReport < LibrunnerTest
  def kinds(runner) = runner.report.map(&:kind)

  def test_before_any_use_and_while_it_runs_there_is_nothing
    runner = Librunner::Runner.new
    assert_empty runner.report
    runner.run { assert_empty runner.report }
    assert_empty runner.report
    runner.close
    assert_predicate runner.report, :empty?
    assert_equal 0, runner.report.size
  end

  def test_of_a_runner_that_was_never_used
    runner = Librunner::Runner.new
    runner.close
    assert_empty runner.report
  end

  def test_R079_R083_tasks_that_were_cancelled
    runner = Librunner::Runner.new
    runner.run do
      %w[a b].each { |name| Librunner.spawn(name: name) { Librunner.sleep } }
      Librunner.spawn { Librunner.sleep }
      Librunner.yield
    end
    runner.close
    report = runner.report
    assert_kind_of Librunner::Report, report
    assert_equal %i[cancelled cancelled cancelled], report.map(&:kind)
    assert_equal %w[a b Task-4], report.map(&:name)
    assert_equal [2, 3, 4], report.map(&:number)
    assert_equal "cancelled a\ncancelled b\ncancelled Task-4", report.to_s
    assert_equal report.to_s, runner.report.to_s
  end

  def test_R081_R089_tasks_that_fail_or_refuse
    runner = Librunner::Runner.new(exception_handler: proc {})
    runner.run do
      Librunner.spawn(name: "fails") do
        Librunner.sleep
      ensure
        raise "mine"
      end
      Librunner.spawn(name: "refuses") do
        Librunner.sleep
      rescue Librunner::CancelledError
        1
      end
      Librunner.yield
    end
    runner.close
    found = runner.report.to_h { |entry| [entry.name, entry] }
    assert_equal :failed, found["fails"].kind
    assert_equal "RUNNER_EUSER", found["fails"].code_name
    assert_equal :refused, found["refuses"].kind
    assert_nil found["refuses"].code
    assert_nil found["refuses"].code_name
    assert_equal "refused refuses", found["refuses"].to_s
    assert_equal "#<Librunner::Report::Entry refused refuses>", found["refuses"].inspect
  end

  def test_R085_a_task_that_was_given_up
    runner = Librunner::Runner.new(clock: :virtual, cancel_grace: 0.05)
    runner.run do
      Librunner.spawn(name: "stubborn") do
        Librunner.sleep(1)
      rescue Librunner::CancelledError
        retry
      end
      Librunner.yield
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_predicate runner, :closed?
    entry = runner.report.find { |it| it.kind == :abandoned }
    assert_equal "stubborn", entry.name
    assert_equal "sleep", entry.waits
    assert_match(/\Aabandoned stubborn, waits for sleep/, entry.to_s)
  end

  def test_R084_a_closable_that_fails
    runner = Librunner::Runner.new(exception_handler: proc {})
    runner.run { Librunner.register("connection") { raise "mine" } }
    runner.close
    assert_equal [[:closable, "connection"]], runner.report.map { |entry| [entry.kind, entry.name] }
  end

  def test_a_deadlock_is_told_with_its_chain
    Librunner::Runner.open do |runner|
      runner.run {}
      assert_empty runner.report
      assert_raises(Librunner::DeadlockError) do
        runner.run(name: "main") do
          Librunner.spawn(name: "stuck") { runner.loop.create_future.await }.await
        end
      end
      assert_equal [:deadlock], kinds(runner)
      chain = runner.report.first.name
      %w[main stuck future].each { |part| assert_includes chain, part }
      assert_equal "deadlock #{chain}", runner.report.to_s
      assert_equal 1, runner.run { 1 }
    end
  end

  def test_R043_the_short_form_prefers_the_error_of_the_run
    error = RuntimeError.new("mine")
    runner = nil
    raised = assert_raises(RuntimeError) do
      Librunner::Runner.open(clock: :virtual, cancel_grace: 0.01) do |opened|
        runner = opened
        runner.run do
          Librunner.spawn do
            Librunner.sleep(1)
          rescue Librunner::CancelledError
            retry
          end
          Librunner.yield
          raise error
        end
      end
    end
    assert_same error, raised
    assert_includes kinds(runner), :abandoned
  end

  def test_another_thread_may_read_it
    runner = Librunner::Runner.new
    runner.run { Librunner.spawn { Librunner.sleep } && Librunner.yield }
    runner.close
    assert_equal 1, Thread.new { runner.report.size }.value
  end

  def test_a_report_is_enumerable
    runner = Librunner::Runner.new
    runner.run { 3.times { Librunner.spawn { Librunner.sleep } } && Librunner.yield }
    runner.close
    report = runner.report
    assert_equal report.to_a, report.each.to_a
    assert_same(report, report.each { |entry| assert_kind_of Librunner::Report::Entry, entry })
    assert_equal 3, report.count(&:number)
    assert_match(/\A#<Librunner::Report \["cancelled Task-2"/, report.inspect)
  end
end
