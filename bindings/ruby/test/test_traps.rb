# frozen_string_literal: true

require_relative "helper"

# Handlers of signals that the program has: they run in the middle of a task, a callback or the loop.
class TestTraps < LibrunnerTest
  def assert_lines(lines, program, status: 0)
    out, errors, ended = child("def program\n#{program}end\nprogram")
    assert_equal lines, out.lines(chomp: true), errors
    assert_equal status, ended.exitstatus, errors
    assert_empty errors
  end

  def test_what_a_handler_raises_while_the_loop_waits_comes_out_of_the_run
    assert_lines(["KeyError cleaned", "7"], <<~'RUBY')
      trap("USR1") { raise KeyError }
      cleaned = nil
      begin
        Librunner.run do
          Thread.new { sleep 0.001 until Thread.main.status == "sleep"; Process.kill(:USR1, $$) }
          Librunner.sleep 60
        ensure
          Librunner.sleep 0.001
          cleaned = "cleaned"
        end
      rescue KeyError => e
        puts "#{e.class} #{cleaned}"
      end
      puts Librunner.run { Librunner.sleep(0.001) || 7 }
    RUBY
  end

  def test_what_a_handler_raises_in_a_task_is_that_tasks_error
    assert_lines(["KeyError", "goes on"], <<~'RUBY')
      trap("USR1") { raise KeyError }
      Librunner.run do
        task = Librunner.spawn { Process.kill(:USR1, $$); loop {} }
        begin
          task.await
        rescue KeyError => e
          puts e.class
        end
        Librunner.yield
        puts "goes on"
      end
    RUBY
  end

  def test_a_handler_may_spawn_cancel_and_post
    assert_lines(["posted", "spawned", "cancelled"], <<~'RUBY')
      log = []
      Librunner.run do |main|
        loop = Librunner.current_loop
        trap("USR1") do
          loop.call_soon_threadsafe { log << "posted" }
          Librunner.spawn { log << "spawned" }
          main.cancel
        end
        begin
          Process.kill(:USR1, $$)
          Librunner.sleep 60
        rescue Librunner::CancelledError
          Librunner.sleep 0.01
          log << "cancelled"
        end
      end
      puts log.sort_by { |line| %w[posted spawned cancelled].index(line) }
    RUBY
  end

  def test_a_handler_that_runs_while_the_loop_waits_may_spawn_and_post
    assert_lines(["posted", "spawned", "cancelled"], <<~'RUBY')
      log = []
      Librunner.run do |main|
        loop = Librunner.current_loop
        trap("USR1") do
          loop.call_soon_threadsafe { log << "posted" }
          Librunner.spawn { log << "spawned" }
          loop.call_soon { main.cancel }
        end
        Thread.new { sleep 0.001 until Thread.main.status == "sleep"; Process.kill(:USR1, $$) }
        begin
          Librunner.sleep 60
        rescue Librunner::CancelledError
          log << "cancelled"
        end
      end
      puts log.sort_by { |line| %w[posted spawned cancelled].index(line) }
    RUBY
  end

  def test_a_handler_cannot_wait_while_the_loop_does_and_cannot_run
    assert_lines(["Librunner::NoTaskError", "Librunner::RunningError"], <<~'RUBY')
      errors = []
      Librunner.run do
        trap("USR1") do
          [-> { Librunner.sleep 0.01 }, -> { Librunner.run { 1 } }].each do |use|
            use.call
          rescue Librunner::Error => e
            errors << e.class
          end
        end
        Thread.new { sleep 0.001 until Thread.main.status == "sleep"; Process.kill(:USR1, $$) }
        Librunner.sleep 0.01 until errors.size == 2
      end
      puts errors
    RUBY
  end

  def test_a_handler_runs_a_runner_of_its_own_between_runs
    assert_lines(["7"], <<~'RUBY')
      trap("USR1") { puts Librunner.run { Librunner.sleep(0.001) || 7 } }
      Librunner::Runner.open do |runner|
        runner.run { nil }
        Process.kill(:USR1, $$)
        runner.run { nil }
      end
    RUBY
  end

  def test_signals_between_a_command_and_its_answer_confuse_nobody
    assert_lines(["well"], <<~'RUBY')
      wrong = 0
      Librunner.run do
        loop = Librunner.current_loop
        trap("USR1") do
          loop.call_soon { nil }
          loop.create_future
          Librunner.spawn { nil }
        end
        stop = false
        sender = Thread.new { Process.kill(:USR1, $$) && Thread.pass until stop }
        100.times do |i|
          tasks = 10.times.map { |j| Librunner.spawn { Librunner.yield; [i, j] } }
          queue = Librunner::Queue.new
          queue.put(i)
          wrong += 1 unless queue.get == i
          wrong += 1 unless tasks.map(&:await) == 10.times.map { |j| [i, j] }
          wrong += 1 unless Librunner::Task.current.cancelling == 0
          closable = Librunner.register { wrong += 1 }
          wrong += 1 unless closable.unregister
        end
        stop = true
        sender.join
      end
      puts wrong == 0 ? "well" : wrong
    RUBY
  end

  def test_an_exit_in_a_handler
    assert_lines(["cleaned"], <<~'RUBY', status: 3)
      trap("USR1") { exit 3 }
      Librunner.run do
        Process.kill(:USR1, $$)
        Librunner.sleep 60
      ensure
        Librunner.sleep 0.001
        puts "cleaned"
      end
    RUBY
  end
end
